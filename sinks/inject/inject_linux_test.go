package inject_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

func TestMain(m *testing.M) {
	hold()
	netns.Main(m)
}

func TestPlugin(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*inject.Settings)
	}{
		{"made", nil},
		{"as from", asFrom},
		{"loopback", func(s *inject.Settings) { s.Device, s.Create = "lo", false }},
		{"dry run", func(s *inject.Settings) { s.DryRun = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host, wire := netns.Own(t), netns.NewTest(t, "wire")
			netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
			t.Cleanup(func() { netns.Must(t, host.Delete("eth0")) })
			pipelinetest.TestSink(t, inject.Plugin(), settings(tt.change))
		})
	}
}

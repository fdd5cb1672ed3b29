package mtu_test

import (
	"testing"

	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestExplain(t *testing.T) {
	sound := pipelinetest.PTB{MTU: 1400}.Packet(pipelinetest.Begin)
	sound.Decode()
	for _, tc := range []struct {
		name     string
		settings mtu.Settings
		packet   pipeline.Packet
		want     string
	}{
		{"range", mtu.Settings{Min: 68, Max: 16384}, sound, "next-hop MTU 1400, allowed 68 to 16384"},
		{"strict", mtu.Settings{Min: 68, Max: 16384, Strict: true}, sound, "next-hop MTU 1400, allowed 68 to 16384, strictly 576 to 1499"},
		{"no PTB", mtu.Settings{Min: 68, Max: 16384, Strict: true}, pipeline.Packet{}, "no next-hop MTU"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := mtu.New(tc.settings, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.(pipeline.Explainer).Explain(&tc.packet); got != tc.want {
				t.Errorf("explanation %q, want %q", got, tc.want)
			}
		})
	}
}

package length_test

import (
	"testing"

	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// raw takes the link-layer header away.
func raw(p *pipeline.Packet) {
	p.LinkType, p.Data, p.Length = linklayer.Raw, p.Data[14:], p.Length-14
}

// TestRawIP has packets without a link-layer header.
func TestRawIP(t *testing.T) {
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: router6}
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		at      int
		value   byte
		length  int
		want    pipeline.Reason
	}{
		{"IPv4, shortest", v4, 0, 0x45, 56, pipeline.Pass},
		{"IPv4, too short", v4, 0, 0x45, 55, length.TooShort},
		{"IPv4, header length 16", v4, 0, 0x44, 128, length.BadIHL},
		{"IPv4, options, ICMP header fits", v4, 0, 0x4f, 68, pipeline.Pass},
		{"IPv4, options, ICMP header cut", v4, 0, 0x4f, 67, length.TooShort},
		{"IPv4, not ICMP", v4, 9, 6, 128, length.TooShort},
		{"IPv6, shortest", v6, 0, 0x60, 80, pipeline.Pass},
		{"IPv6, too short", v6, 0, 0x60, 79, length.TooShort},
		{"IPv6, extension header", v6, 6, 60, 148, length.TooShort},
		{"version 5", v4, 0, 0x55, 128, length.TooShort},
		{"empty", v4, 0, 0x45, 0, length.TooShort},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := length.Plugin().Build(&length.Settings{}, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			p := tc.message.Packet(pipelinetest.Begin)
			raw(&p)
			p.Data[tc.at] = tc.value
			p.Data = p.Data[:tc.length]
			if got := pipelinetest.Decide(f.(pipeline.Filter), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

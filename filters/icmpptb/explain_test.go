package icmpptb_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestExplain(t *testing.T) {
	toAll := pipelinetest.PTB{DstMAC: [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		change  func(*pipeline.Packet)
		want    string
	}{
		{"IPv4", pipelinetest.PTB{}, nil, "ICMPv4 type 3 code 4, 142 of 142 bytes captured"},
		{"IPv6", pipelinetest.PTB{Router: router6}, nil, "ICMPv6 type 2 code 0, 162 of 162 bytes captured"},
		{"to all", toAll, nil, "ICMPv4 type 3 code 4, sent to several hosts, 142 of 142 bytes captured"},
		{"injected", pipelinetest.PTB{}, func(p *pipeline.Packet) { p.Origin = pipeline.OriginInjected }, "ICMPv4 type 3 code 4, injected by pmtud, 142 of 142 bytes captured"},
		{"cut", pipelinetest.PTB{}, func(p *pipeline.Packet) { p.Data = p.Data[:100] }, "ICMPv4 type 3 code 4, 100 of 142 bytes captured"},
		{"another type", pipelinetest.PTB{}, func(p *pipeline.Packet) { p.Data[34] = 11 }, "not a packet-too-big message but ICMPv4 type 11 code 4, 142 of 142 bytes captured"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.message.Packet(pipelinetest.Begin)
			if tc.change != nil {
				tc.change(&p)
			}
			p.Decode()
			if got := build(t).(pipeline.Explainer).Explain(&p); got != tc.want {
				t.Errorf("explanation %q, want %q", got, tc.want)
			}
		})
	}
}

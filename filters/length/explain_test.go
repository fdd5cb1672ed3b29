package length_test

import (
	"testing"

	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestExplain(t *testing.T) {
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: router6}
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		change  func(*pipeline.Packet)
		want    string
	}{
		{"IPv4", v4, nil, "128 bytes from the IP header on, at least 56; header of 20, at least 20"},
		{"IPv4, tag", pipelinetest.PTB{VLAN: 7}, nil, "128 bytes from the IP header on, at least 56; header of 20, at least 20"},
		{"IPv4, raw", v4, raw, "128 bytes from the IP header on, at least 56; header of 20, at least 20"},
		{"IPv4, header length 16", v4, func(p *pipeline.Packet) { p.Data[14] = 0x44 }, "128 bytes from the IP header on, at least 56; header of 16, at least 20"},
		{"IPv4, cut", v4, func(p *pipeline.Packet) { p.Data = p.Data[:15] }, "1 bytes from the IP header on, at least 56; header of 20, at least 20"},
		{"IPv4, cut before the IP header", v4, func(p *pipeline.Packet) { p.Data = p.Data[:14] }, "0 bytes from the IP header on, at least 56; header of 0, at least 20"},
		{"IPv6", v6, nil, "148 bytes from the IP header on, at least 80"},
		{"IPv4, padding", v4, func(p *pipeline.Packet) { p.Data = append(p.Data, 0) }, "129 bytes from the IP header on (1 of them beyond the end of the IP packet), at least 56; header of 20, at least 20"},
		{"IPv6, padding", v6, func(p *pipeline.Packet) { p.Data = append(p.Data, 0, 0) }, "150 bytes from the IP header on (2 of them beyond the end of the IP packet), at least 80"},
		{"not IP", v4, func(p *pipeline.Packet) { copy(p.Data[12:], []byte{8, 6}) }, "EtherType 0x0806"},
		{"no link-layer header", v4, func(p *pipeline.Packet) { p.Data = p.Data[:13] }, "no IP header"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := length.Plugin().Build(&length.Settings{}, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			p := tc.message.Packet(pipelinetest.Begin)
			if tc.change != nil {
				tc.change(&p)
			}
			p.Decode()
			if got := f.(pipeline.Explainer).Explain(&p); got != tc.want {
				t.Errorf("explanation %q, want %q", got, tc.want)
			}
		})
	}
}

package portlist_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestExplain(t *testing.T) {
	icmp := func(p *pipeline.Packet) { p.Data[14+28+9] = 1 }
	cut := func(p *pipeline.Packet) { p.Data[14+3] = 20 + 8 + 20 }
	nothing := func(p *pipeline.Packet) { p.Data[14+3] = 20 + 8 }
	for _, tc := range []struct {
		name, ports string
		change      func(*pipeline.Packet)
		want        string
		original    string // empty: not asked
	}{
		{"listed", "443", func(*pipeline.Packet) {}, "quoted source port 443/tcp, listed", "quoted source port 443, listed"},
		{"not listed", "80", func(*pipeline.Packet) {}, "quoted source port 443/tcp, not listed", "quoted source port 443, not listed"},
		{"of another protocol", "443/udp", func(*pipeline.Packet) {}, "quoted protocol tcp, not listed", ""},
		{"no port", "443", icmp, "quoted protocol icmp, not listed", "443 where the original daemon reads the source port, although it is not one, listed"},
		{"captured as far as the ports", "443", func(p *pipeline.Packet) { p.Data = p.Data[:14+28+21] }, "no port in the 21 bytes quoted", "no port in the 21 bytes after the ICMP header"},
		{"behind the end", "443", cut, "no port in the 20 bytes quoted", "443 where the original daemon reads the source port, although it is not one, listed"},
		{"nothing", "443", nothing, "no IP header in the 0 bytes quoted", "443 where the original daemon reads the source port, although it is not one, listed"},
		{"no PTB", "443", func(p *pipeline.Packet) { p.Data[34] = 8 }, "no IP header in the 0 bytes quoted", "no port in the 0 bytes after the ICMP header"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
			tc.change(&p)
			p.Decode()
			if got := build(t, parse(t, tc.ports)...).(pipeline.Explainer).Explain(&p); got != tc.want {
				t.Errorf("explanation %q, want %q", got, tc.want)
			}
			if tc.original == "" {
				return
			}
			if got := buildOriginal(t, parse(t, tc.ports)...).(pipeline.Explainer).Explain(&p); got != tc.original {
				t.Errorf("explanation of the original %q, want %q", got, tc.original)
			}
		})
	}
}

package pipeline_test

import (
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestIPHeader reads the IP header of packets, whole and cut.
func TestIPHeader(t *testing.T) {
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		cut     int // bytes that the capture holds; 0 for all
		change  func(*pipeline.Packet)
		version uint8
		ttl     int // -1: not known
		length  int // -1: not known
		whole   bool
	}{
		{name: "IPv4", message: v4, version: 4, ttl: 60, length: 128, whole: true},
		{name: "IPv6", message: v6, version: 6, ttl: 60, length: 148, whole: true},
		{name: "behind a tag", message: pipelinetest.PTB{VLAN: 7}, version: 4, ttl: 60, length: 128, whole: true},
		{name: "IPv4 header alone", message: v4, cut: 14 + 20, version: 4, ttl: 60, length: 128, whole: true},
		{name: "IPv4, cut behind the TTL", message: v4, cut: 14 + 9, version: 4, ttl: 60, length: 128},
		{name: "IPv4, cut behind the length", message: v4, cut: 14 + 4, version: 4, ttl: -1, length: 128},
		{name: "IPv4, cut in the length", message: v4, cut: 14 + 3, version: 4, ttl: -1, length: -1},
		{name: "IPv6, cut behind the hop limit", message: v6, cut: 14 + 8, version: 6, ttl: 60, length: 148},
		{name: "IPv6, cut before the hop limit", message: v6, cut: 14 + 7, version: 6, ttl: -1, length: 148},
		{name: "cut behind the link layer", message: v6, cut: 14, version: 6, ttl: -1, length: -1},
		{name: "cut in the link layer", message: v4, cut: 13, ttl: -1, length: -1},
		{name: "the header has another version", message: v4, change: func(p *pipeline.Packet) { p.Data[14] = 0x65 }, version: 4, ttl: 60, length: 128, whole: true},
		{name: "ARP", message: v4, change: func(p *pipeline.Packet) { p.Data[13] = 6 }, ttl: -1, length: -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.message.Packet(pipelinetest.Begin)
			if tc.cut > 0 {
				p.Data = p.Data[:tc.cut:tc.cut]
			}
			if tc.change != nil {
				tc.change(&p)
			}
			p.Decode()
			if p.Version() != tc.version {
				t.Errorf("version %d, want %d", p.Version(), tc.version)
			}
			if ttl, ok := p.TTL(); ok != (tc.ttl >= 0) || ok && int(ttl) != tc.ttl {
				t.Errorf("TTL %d, %v, want %d", ttl, ok, tc.ttl)
			}
			if n, ok := p.IPLength(); ok != (tc.length >= 0) || ok && n != tc.length {
				t.Errorf("length %d, %v, want %d", n, ok, tc.length)
			}
			if ip := p.IP(); (ip.Version != 0) != tc.whole || tc.whole && ip.Version != tc.version {
				t.Errorf("a header of version %d, whole: want %v", ip.Version, tc.whole)
			}
		})
	}
}

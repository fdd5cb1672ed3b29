package minttl_test

import (
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"

	"example.org/pmtud-extra/minttl"
)

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, minttl.Plugin(), &minttl.Settings{Min: 64})
}

func TestFilter(t *testing.T) {
	v4, v6 := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("2001:db8::1")
	tests := []struct {
		name   string
		router netip.Addr
		ttl    uint8
		cut    int // bytes that the capture holds; 0 for all
		want   pipeline.Reason
	}{
		{name: "IPv4 at the minimum", router: v4, ttl: 64},
		{name: "IPv4 below", router: v4, ttl: 63, want: minttl.LowTTL},
		{name: "IPv4 without TTL", router: v4, ttl: 64, cut: 22, want: minttl.LowTTL},
		{name: "IPv6 at the minimum", router: v6, ttl: 64},
		{name: "IPv6 below", router: v6, ttl: 63, want: minttl.LowTTL},
		{name: "IPv6 without hop limit", router: v6, ttl: 64, cut: 21, want: minttl.LowTTL},
		{name: "no IP header", router: v4, ttl: 64, cut: 14, want: minttl.LowTTL},
	}
	filter, err := minttl.New(minttl.Settings{Min: 64}, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pipelinetest.PTB{Router: tt.router}.Packet(0)
			p.Data[map[bool]int{true: 14 + 8, false: 14 + 7}[tt.router.Is4()]] = tt.ttl
			if tt.cut > 0 {
				p.Data = p.Data[:tt.cut]
			}
			p.Decode()
			if got := filter.Filter(&p); got != tt.want {
				t.Errorf("reason is %d, want %d", got, tt.want)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	if _, err := minttl.Plugin().Build(&minttl.Settings{}, pipelinetest.Env(t)); err == nil {
		t.Error("a minimum of 0 was accepted")
	}
}

package sane_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestPlugin(t *testing.T) {
	all := defaults()
	all.QuotedSource, all.QuotedMulticastV6, all.ZeroMTUv4 = true, true, true
	all.Interface = "lo"
	pipelinetest.TestFilter(t, sane.Plugin(), nil)
	pipelinetest.TestFilter(t, sane.Plugin(), &all)
	pipelinetest.TestFilter(t, sane.Plugin(), &sane.Settings{MinMTUv4: 552})
}

// TestMinMTU moves the bound.
func TestMinMTU(t *testing.T) {
	f := alone(t, sane.LowMTUv4, func(s *sane.Settings) { s.MinMTUv4 = 1000 })
	for mtu, want := range map[uint32]pipeline.Reason{999: sane.LowMTUv4, 1000: pipeline.Pass} {
		p := vector{mtu: mtu}.packet()
		if got := pipelinetest.Decide(f, &p); got != want {
			t.Errorf("MTU %d: reason %d, want %d", mtu, got, want)
		}
	}
}

func TestNeeds(t *testing.T) {
	netlink := []string{"AF_NETLINK"}
	for name, tc := range map[string]struct {
		settings sane.Settings
		want     pipeline.Needs
	}{
		"defaults":             {defaults(), pipeline.Needs{Families: netlink}},
		"nothing of the host":  {sane.Settings{IPLength: true}, pipeline.Needs{}},
		"switch alone":         {sane.Settings{InterfaceMTU: true}, pipeline.Needs{}},
		"interface alone":      {sane.Settings{Interface: "eth0"}, pipeline.Needs{}},
		"switch and interface": {sane.Settings{InterfaceMTU: true, Interface: "eth0"}, pipeline.Needs{Families: netlink, Interfaces: []string{"eth0"}}},
		"addresses":            {sane.Settings{OwnSource: true}, pipeline.Needs{Families: netlink}},
		"networks":             {sane.Settings{BroadcastTarget: true}, pipeline.Needs{Families: netlink}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, build(t, tc.settings).(pipeline.HostUser).Needs()); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	f := build(t, defaults()).(pipeline.Explainer)
	for name, tc := range map[string]struct {
		v    vector
		want string
	}{
		"sound": {vector{}, "IPv4, 128 bytes from 203.0.113.1 to 192.0.2.1, MTU 1400, quoted 1488 bytes from 192.0.2.1 to 198.51.100.7; nothing wrong"},
		"wrong": {
			vector{v6: true, mtu: 1200, quotedSrc: "2001:db8::2", change: add(43, 1)},
			"IPv6, 148 bytes from 2001:db8:f::1 to 2001:db8::1, MTU 1200, quoted 1508 bytes from 2001:db8::2 to 2001:db8:c::7; " +
				"wrong: icmp-checksum, quoted-source (off), low-mtu-v6",
		},
		"cut": {vector{truncated: 120}, "no IP header; nothing wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.v.packet()
			p.Decode()
			if got := f.Explain(&p); got != tc.want {
				t.Errorf("explanation %q,\nwant %q", got, tc.want)
			}
		})
	}
}

func BenchmarkFilter(b *testing.B) {
	for name, v := range map[string]vector{"IPv4": {quoteLen: 100}, "IPv4, 548 bytes": {quoteLen: 548}, "IPv6, 1232 bytes": {v6: true, quoteLen: 1232}} {
		b.Run(name, func(b *testing.B) {
			f := build(b, defaults())
			p := v.packet()
			p.Data = slices.Clip(p.Data)
			p.Decode()
			b.ReportAllocs()
			for b.Loop() {
				if f.Filter(&p) != pipeline.Pass {
					b.Fatal("dropped")
				}
			}
		})
	}
}

package peerlist

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOneFamily has names with addresses of one family or both, on hosts with addresses of
// one family or both.
func TestOneFamily(t *testing.T) {
	addrs := func(texts ...string) (list []netip.Addr) {
		for _, text := range texts {
			list = append(list, netip.MustParseAddr(text))
		}
		return list
	}
	a, aaaa := addrs("192.0.2.2", "192.0.2.3"), addrs("2001:db8::2")
	both, only4, only6 := addrs("127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"), addrs("127.0.0.1", "192.0.2.1"), addrs("127.0.0.1", "::1", "2001:db8::1")
	for _, tc := range []struct {
		name      string
		all       bool // families
		addrs     [2][]netip.Addr
		own, want []netip.Addr
	}{
		{"all families", true, [2][]netip.Addr{a, aaaa}, both, addrs("192.0.2.2", "192.0.2.3", "2001:db8::2")},
		{"both", false, [2][]netip.Addr{a, aaaa}, both, a},
		{"both, one each", false, [2][]netip.Addr{a[:1], aaaa}, both, a[:1]},
		{"both, host without IPv6", false, [2][]netip.Addr{a, aaaa}, only4, a},
		{"both, host without IPv4", false, [2][]netip.Addr{a, aaaa}, only6, aaaa},
		{"IPv4, host without it", false, [2][]netip.Addr{a, nil}, only6, a},
		{"IPv6", false, [2][]netip.Addr{nil, aaaa}, both, aaaa},
		{"unknown", false, [2][]netip.Addr{}, both, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := New(Config{OneFamily: !tc.all, Port: 4821})
			plan, _ := inputs{own: tc.own, targets: l.targets(&peer{addrs: tc.addrs}, tc.own)}.plan(l.config)
			var got []netip.Addr
			for _, target := range plan.sentTo {
				got = append(got, target.Addresses...)
			}
			for _, addr := range slices.Concat(tc.addrs[0], tc.addrs[1]) {
				if !plan.FromPeer(addr, netip.MustParseAddr("192.0.2.1")) {
					t.Errorf("a message from %v is not a peer's", addr)
				}
			}
			if diff := cmp.Diff(tc.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

package peers_test

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestManyPeers sends one message to many peers: each gets it once, by as few
// system calls as sendmmsg allows, so that the last gets it right after the first.
func TestManyPeers(t *testing.T) {
	for _, tc := range []struct {
		peers, calls int
	}{
		{256, 1},
		{4096, 4},
	} {
		for _, family := range benchFamilies {
			t.Run(fmt.Sprint(tc.peers, " ", family.name), func(t *testing.T) {
				host, list := many(t, family.ipv6, tc.peers)
				sink, c := openFor(t, list...), newCapture(t, host)
				netns.RequireRoom(t, c.fd, tc.peers)
				best := time.Duration(math.MaxInt64)
				for range 20 {
					before := sink.SystemCalls()
					if got := deliver(sink, ptb(family.ipv6, 1400)); got != "" {
						t.Fatal(got)
					}
					if calls := sink.SystemCalls() - before; calls != tc.calls {
						t.Errorf("%d system calls, want %d", calls, tc.calls)
					}
					got := c.next(tc.peers)
					checkEachOnce(t, list, got)
					best = min(best, spread(got))
				}
				t.Logf("from the first to the last of %d peers: %v", tc.peers, best)
			})
		}
	}
}

// many returns n addresses of the family that are routed to a host. It drops
// everything on arrival, since the neighbour's hardware address is not its own;
// packet sockets see it all the same.
func many(t testing.TB, isIPv6 bool, n int) (host *netns.NS, peers []string) {
	t.Helper()
	host = netns.NewTest(t, "many")
	homeVeth(t, host, "eth0")
	prefix, gateway := "10.98.0.0/16", "10.99.0.2"
	if isIPv6 {
		prefix, gateway = "fd98::/64", "fd99::2"
	}
	homeNeighbour(t, gateway)
	homeRoute(t, prefix, routeVia(gateway))
	return host, firstOf(prefix, n)
}

// firstOf returns the first n addresses of the prefix, but for the zeroth.
func firstOf(prefix string, n int) (addrs []string) {
	for addr := netip.MustParsePrefix(prefix).Addr().Next(); len(addrs) < n; addr = addr.Next() {
		addrs = append(addrs, addr.String())
	}
	return addrs
}

// spread returns the time from the first to the last arrival. The kernel stamps a
// packet late that came before it began to stamp, so that order says nothing.
func spread(got []arrival) time.Duration {
	byTime := func(a, b arrival) int { return a.at.Compare(b.at) }
	return slices.MaxFunc(got, byTime).at.Sub(slices.MinFunc(got, byTime).at)
}

func checkEachOnce(t *testing.T, list []string, got []arrival) {
	t.Helper()
	seen := map[string]int{}
	for _, a := range got {
		seen[a.dst.String()]++
	}
	for _, peer := range list {
		if seen[peer] != 1 {
			t.Fatalf("%s got %d copies", peer, seen[peer])
		}
	}
}

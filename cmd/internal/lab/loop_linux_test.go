package lab_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/nftables"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// circles are configurations that are wrong on purpose: every server relays all that it sees and
// that it receives, and injects all that through the interface that it captures.
var circles = []struct {
	name, source, filters string
	inject                string // further settings
	prepare               func(*lab.Network, *lab.Server) error
}{
	{"capture", "{type: pcap, interface: eth0}", "[{type: icmp-ptb}]", ", as_from: eth0", nil},
	{"capture of all traffic", "{type: pcap, interface: eth0, promiscuous: true}", "[]", ", as_from: eth0", nil},
	{"capture without guard", "{type: pcap, interface: eth0}", "[{type: icmp-ptb}]", ", as_from: eth0, mark: 0", nil},
	{"capture, into the stack", "{type: pcap, interface: eth0}", "[{type: icmp-ptb}]", "", nil},
	{"NFLOG", "{type: nflog, group: 33}", "[{type: icmp-ptb}]", ", as_from: eth0", logEverywhere},
	{"NFLOG, into the stack", "{type: nflog, group: 33}", "[{type: icmp-ptb}]", "", logEverywhere},
	{"NFLOG, by loopback", "{type: nflog, group: 33}", "[{type: icmp-ptb}]", ", device: lo, create: false", logEverywhere},
}

// circle returns a configuration that is the same for all servers.
func circle(source, filters, inject string) func(*lab.Network, *lab.Server) (string, error) {
	return func(n *lab.Network, _ *lab.Server) (string, error) {
		var peers []string
		for _, peer := range n.Servers {
			peers = append(peers, `"`+peer.Addr.String()+`"`)
		}
		return fmt.Sprintf(`
pipelines:
  circle:
    sources:
      - %s
      - {type: relay, key: [a secret of the lab only]}
    filters: %s
    sinks:
      - {type: relay, key: [a secret of the lab only], peers: [%s]}
      - {type: inject%s}
`, source, filters, strings.Join(peers, ", "), inject), nil
	}
}

// TestNothingGoesRound sends one PTB into clusters whose configuration would have it go round: one
// about a connection that no server has, and then one for each server about a connection of its
// own. On the wire are at most a datagram to each peer, and one ICMP message for each server more
// than without pmtud, where one about an unknown connection goes back to the router and returns.
func TestNothingGoesRound(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, tc := range circles {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(fmt.Sprint(tc.name, ", ", family), func(t *testing.T) {
				t.Parallel()
				config := lab.Config{Family: family, Backend: lab.InContainer, Pmtud: *pmtud, Prepare: tc.prepare}
				config.Configuration = circle(tc.source, tc.filters, tc.inject)
				stray, err := lab.RunStray(t.Context(), config)
				netns.Must(t, err)
				checkCircle(t, "unknown", stray)

				singles, err := lab.RunSingle(t.Context(), config)
				netns.Must(t, err)
				for _, s := range singles {
					checkCircle(t, s.Owner, s.Traffic)
					if s.PathMTU != s.MTU {
						t.Errorf("%v", s)
					}
				}
			})
		}
	}
}

// returns is how many times a PTB returns that nobody wants, without pmtud, until its TTL of 64 is
// used up: the server and the router take one each.
const returns = 31

// TestReturns has no pmtud.
func TestReturns(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
		got, err := lab.RunStray(t.Context(), lab.Config{Family: family, Backend: lab.InContainer, Pmtud: *pmtud})
		netns.Must(t, err)
		if got.PTBs != 1 || got.Returns > returns {
			t.Errorf("%v: %v, want at most %d returns", family, got, returns)
		}
	}
}

// checkCircle compares what one PTB made with what it makes without pmtud.
func checkCircle(t *testing.T, name string, got lab.Traffic) {
	t.Helper()
	const servers = 3
	t.Logf("%s: %v", name, got)
	if got.PTBs != 1 || got.Lost != 0 || got.Datagrams > servers-1 || got.Returns > returns+servers || got.Relayed != 0 {
		t.Errorf("%s: %v, want at most %d datagrams, and %d returns and one for each server", name, got, servers-1, returns)
	}
}

// logEverywhere sets a rule on a server that logs all ICMP messages that arrive, wherever and by
// whom, with no exception.
func logEverywhere(_ *lab.Network, s *lab.Server) error {
	return rig.LogICMP(s.NS, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw)
}

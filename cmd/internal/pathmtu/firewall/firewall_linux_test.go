package firewall_test

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/cache"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/firewall"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) { netns.Main(m) }

// TestCheck compares what is said of rules with what the kernel does with a router's message.
func TestCheck(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	nft := programtest.Tool(t, "nft")
	for _, tc := range []struct {
		name, rules string
		drop4       string // where; empty: it passes
		drop6       string
	}{
		{"none", "", "", ""},
		{"accepts all", "table inet f { chain in { type filter hook input priority 0; policy accept; } }", "", ""},
		{
			"drops all", "table inet f { chain in { type filter hook input priority 0; policy drop; iif lo accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; } }",
			"the policy of chain inet f in", "the policy of chain inet f in",
		},
		{
			"a workstation's", `table inet f { chain in { type filter hook input priority 0; policy drop;
				iif lo accept; ct state established,related accept; ct state invalid drop; tcp dport 22 accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; } }`, "", "",
		},
		{
			"related messages are forgotten", `table inet f { chain in { type filter hook input priority 0; policy drop;
				iif lo accept; ct state established accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept;
				icmp type echo-request accept; udp dport 9 accept; } }`,
			"the policy of chain inet f in", "the policy of chain inet f in",
		},
		{
			"a map of states", `table inet f { chain in { type filter hook input priority 0; policy drop;
				icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; ct state vmap { established : accept, related : accept, invalid : drop }; } }`, "", "",
		},
		{
			"a map of states that drops", `table inet f { chain in { type filter hook input priority 0;
				ct state vmap { established : accept, related : drop }; } }`,
			"chain inet f in", "chain inet f in",
		},
		{
			"IPv4 alone", `table ip f { chain in { type filter hook input priority 0; icmp type destination-unreachable drop; } }`,
			"chain ip f in", "",
		},
		{
			"a set of types", `table inet f { chain in { type filter hook input priority 0;
				icmp type { redirect, destination-unreachable } drop; icmpv6 type { nd-redirect, packet-too-big } drop; } }`,
			"chain inet f in", "chain inet f in",
		},
		{
			"other types", `table inet f { chain in { type filter hook input priority 0;
				icmp type != destination-unreachable drop; icmp code host-unreachable drop; icmpv6 type time-exceeded drop; } }`, "", "",
		},
		{
			"a range of types", `table inet f { chain in { type filter hook input priority 0; icmp type 2-5 drop; icmpv6 type 1-4 drop; } }`,
			"chain inet f in", "chain inet f in",
		},
		{
			"another interface", `table inet f { chain in { type filter hook input priority 0; iifname "eth7" meta l4proto icmp drop; } }`, "", "",
		},
		{
			"this interface", `table inet f { chain in { type filter hook input priority 0;
				iifname "eth0" meta l4proto { icmp, tcp } reject; } }`,
			"chain inet f in", "",
		},
		{
			"a chain that is called", `table inet f { chain icmp_in { icmp type echo-request accept; drop; }
				chain in { type filter hook input priority 0; ip protocol icmp jump icmp_in; } }`,
			"chain inet f icmp_in", "",
		},
		{
			"a chain that returns", `table inet f { chain icmp_in { icmp type destination-unreachable return; drop; }
				chain in { type filter hook input priority 0; ip protocol icmp jump icmp_in; } }`, "", "",
		},
		{
			"before routing", `table inet f { chain pre { type filter hook prerouting priority raw; icmp type destination-unreachable drop; } }`,
			"chain inet f pre", "",
		},
		{
			"accepted first, dropped by another chain", `table inet a { chain in { type filter hook input priority -5; icmp type 3 accept; } }
				table inet b { chain in { type filter hook input priority 5; icmp type 3 drop; } }`,
			"chain inet b in", "",
		},
		{
			"a chain for what is forwarded", `table inet f { chain forwarded { type filter hook forward priority 0; policy drop; } }`, "", "",
		},
		{
			"at the interface", `table netdev f { chain in { type filter hook ingress device "eth0" priority 0;
				icmp type destination-unreachable drop; } }`,
			"chain netdev f in", "",
		},
		{
			"at the interface, of both families", `table inet f { chain in { type filter hook ingress device "eth0" priority 0;
				icmpv6 type packet-too-big drop; } }`,
			"", "chain inet f in",
		},
		{
			"at another interface", `table netdev f { chain in { type filter hook ingress device "lo" priority 0; policy drop; } }`, "", "",
		},
		{
			"a range of codes", `table inet f { chain in { type filter hook input priority 0;
				icmp type 3 icmp code 0-3 drop; icmp type 3 icmp code 5-7 drop; icmpv6 type 2 icmpv6 code 0-1 drop; } }`,
			"", "chain inet f in",
		},
		{
			"a router that is let pass", `table ip f { chain in { type filter hook input priority 0; policy drop;
				ip saddr 192.0.2.0/24 accept; } }`, "", "",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := pathlab.New(t)
			if tc.rules != "" {
				// A chain's end wants a line of its own.
				rules := strings.NewReplacer("; }", ";\n}\n", "}\n }", "}\n}\n").Replace(tc.rules)
				runIn(t, p.Client, rules, nft, "-f", "-")
			}
			compare(t, p, tc.drop4, tc.drop6)
		})
	}
}

// compare compares what is said of the client's rules with whether it learns from the router's
// messages, and does what is said to mend it.
func compare(t *testing.T, p *pathlab.Path, drop4, drop6 string) {
	t.Helper()
	ifi, err := p.Client.Interface("eth0")
	netns.Must(t, err)
	for _, family := range []struct{ host, drop string }{{pathlab.Server4, drop4}, {pathlab.Server6, drop6}} {
		m := firewall.Message{IPv6: strings.Contains(family.host, ":"), Interface: "eth0", Index: ifi.Index}
		var got firewall.Drop
		var dropped bool
		netns.Must(t, p.Client.Do(func() error {
			rules, err := firewall.Read()
			if err != nil {
				return err
			}
			err = rules.AddLegacy()
			got, dropped = rules.Check(m)
			return err
		}))
		if dropped != (family.drop != "") || dropped && !strings.HasSuffix(got.String(), family.drop) {
			t.Errorf("%s: dropped %v by %v, want %q", family.host, dropped, got, family.drop)
		}
		wait := 10 * time.Second
		if dropped {
			wait = time.Second
		}
		if learns := learns(t, p.Client, family.host, wait); learns == dropped {
			t.Errorf("%s: the kernel learns: %v", family.host, learns)
		}
		if dropped {
			command := strings.Fields(got.Mend(m))
			command[0] = programtest.Tool(t, command[0])
			runIn(t, p.Client, "", command...)
			if !learns(t, p.Client, family.host, 10*time.Second) {
				t.Errorf("%s: %s does not mend it", family.host, got.Mend(m))
			}
		}
	}
}

// learns reports whether the client learns from the router's message that a packet is too big,
// which may take as long as wait.
func learns(t *testing.T, ns *netns.NS, host string, wait time.Duration) (found bool) {
	t.Helper()
	network, headers := "udp4", 28
	if strings.Contains(host, ":") {
		network, headers = "udp6", 48
	}
	c, err := ns.Dial(t.Context(), network, "", net.JoinHostPort(host, "9"))
	netns.Must(t, err)
	defer c.Close()
	_, err = c.Write(make([]byte, 1500-headers))
	netns.Must(t, err)
	for end := time.Now().Add(wait); !found && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		netns.Must(t, ns.Do(func() error {
			own, err := netspace.Own()
			if err != nil {
				return err
			}
			defer own.Close()
			entries, err := cache.List(own, cache.Query{Destination: netip.MustParseAddr(host)})
			found = len(entries) > 0
			return err
		}))
	}
	return found
}

// runIn runs a command in a namespace.
func runIn(t *testing.T, ns *netns.NS, input string, command ...string) {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	c.Stdin = strings.NewReader(input)
	c.Env = append(os.Environ(), "XTABLES_LOCKFILE="+filepath.Join(t.TempDir(), "lock"))
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	netns.Must(t, ns.Start(c))
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %v: %s", command, err, &out)
	}
}

package firewall_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
)

// TestLegacy compares what is said of rules of iptables-legacy with what the kernel does with a
// router's message.
func TestLegacy(t *testing.T) {
	const neighbours = "-A INPUT -p icmpv6 --icmpv6-type neighbor-solicitation -j ACCEPT\n-A INPUT -p icmpv6 --icmpv6-type neighbor-advertisement -j ACCEPT\n"
	for _, tc := range []struct {
		name           string
		rules4, rules6 string // as iptables-save writes them, of the table filter if no other is named
		drop4, drop6   string // where; empty: it passes
	}{
		{
			"type and code", "-A INPUT -p icmp --icmp-type fragmentation-needed -j DROP", "-A INPUT -p icmpv6 --icmpv6-type packet-too-big -j DROP",
			"rule 1 of chain INPUT of the legacy iptables table filter", "rule 1 of chain INPUT of the legacy iptables table filter",
		},
		{
			"policy", ":INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
			":INPUT DROP\n-A INPUT -i lo -j ACCEPT\n" + neighbours,
			"the policy of chain INPUT of the legacy iptables table filter", "the policy of chain INPUT of the legacy iptables table filter",
		},
		{
			"a workstation's", ":INPUT DROP\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -m conntrack --ctstate INVALID -j DROP",
			":INPUT DROP\n-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n" + neighbours, "", "",
		},
		{
			"others", "-A INPUT -p icmp --icmp-type echo-request -j DROP\n-A INPUT ! -p icmp -j DROP\n-A INPUT -i eth7 -j DROP\n-A INPUT -f -j DROP\n-A FORWARD -j DROP\n-A OUTPUT -p icmp -j DROP",
			"-A INPUT -p tcp --dport 22 -j DROP\n-A INPUT ! -i eth+ -j DROP", "", "",
		},
		{
			"names of interfaces", "-A INPUT ! -i eth1 -p icmp -j REJECT", "-A INPUT -p icmpv6 -j LOG\n" + neighbours + "-A INPUT -i eth+ -p icmpv6 ! --icmpv6-type 1 -j DROP",
			"rule 1 of chain INPUT of the legacy iptables table filter", "rule 4 of chain INPUT of the legacy iptables table filter",
		},
		{
			"chains", ":icmp -\n:deep -\n:bad -\n-A INPUT -p icmp -j icmp\n-A icmp -m comment --comment first -j deep\n-A icmp -j RETURN\n-A deep -p icmp --icmp-type 3 -g bad\n-A bad -j DROP",
			":icmp -\n-A INPUT -p icmpv6 -j icmp\n-A icmp -p icmpv6 --icmpv6-type packet-too-big -j RETURN\n" + strings.ReplaceAll(neighbours, "INPUT", "icmp") + "-A icmp -j DROP",
			"rule 1 of chain bad of the legacy iptables table filter", "",
		},
		{
			"before routing", "*raw\n-A PREROUTING -p icmp -j DROP", "*mangle\n-A PREROUTING -p icmpv6 --icmpv6-type packet-too-big -j DROP",
			"rule 1 of chain PREROUTING of the legacy iptables table raw", "rule 1 of chain PREROUTING of the legacy iptables table mangle",
		},
		{
			"a router that is let pass", ":INPUT DROP\n-A INPUT -s 192.0.2.0/24 -j ACCEPT", ":INPUT DROP\n" + neighbours + "-A INPUT -s 2001:db8:1::/64 -j ACCEPT", "", "",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := pathlab.New(t)
			for program, rules := range map[string]string{"iptables-legacy-restore": tc.rules4, "ip6tables-legacy-restore": tc.rules6} {
				if !strings.HasPrefix(rules, "*") {
					rules = "*filter\n" + rules
				}
				runIn(t, p.Client, rules+"\nCOMMIT\n", programtest.Tool(t, program))
			}
			compare(t, p, tc.drop4, tc.drop6)
		})
	}
}

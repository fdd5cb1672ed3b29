package lab

import (
	"slices"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// setting is a kernel setting of a network namespace.
type setting struct{ key, value string }

// hostSettings are those that servers and clients must have for the experiment
// to mean something. Most are the kernel's defaults, which a distribution or the
// namespace that ours is made from may have changed.
var hostSettings = []setting{
	{"net.ipv4.tcp_mtu_probing", "0"},    // heals black holes by itself, slowly
	{"net.ipv4.ip_no_pmtu_disc", "0"},    // sends with DF
	{"net.ipv4.conf.all.rp_filter", "0"}, // would drop copies by their source
	{"net.ipv4.conf.default.rp_filter", "0"},
	{"net.ipv4.conf.all.arp_announce", "2"},                 // the VIP is not for the LAN's ARP
	{"net.ipv4.conf.all.drop_unicast_in_l2_multicast", "0"}, // would drop broadcast copies
	{"net.ipv6.conf.all.drop_unicast_in_l2_multicast", "0"},
}

// serverSettings are those of the servers.
func (c Config) serverSettings() []setting {
	settings := slices.Clone(hostSettings)
	if c.Backend != OnServer {
		settings = append(settings, setting{"net.ipv4.ip_forward", "1"}, setting{"net.ipv6.conf.all.forwarding", "1"})
	}
	if c.StrictRPFilter {
		settings = append(settings, setting{"net.ipv4.conf.all.rp_filter", "1"})
	}
	return settings
}

// routerSettings are those of the two routers.
var routerSettings = []setting{
	{"net.ipv4.ip_forward", "1"},
	{"net.ipv6.conf.all.forwarding", "1"},
	{"net.ipv4.conf.all.rp_filter", "0"},
	{"net.ipv4.conf.default.rp_filter", "0"},
	// Hash ports too, as routers do. Unlike policy 0 this does not look into
	// ICMP errors for the addresses of the quoted packet.
	{"net.ipv4.fib_multipath_hash_policy", "1"},
	{"net.ipv6.fib_multipath_hash_policy", "1"},
}

// newMachine makes a namespace with the settings, before it has any interface.
func newMachine(name string, settings []setting) (*netns.NS, error) {
	ns, err := netns.New(name)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		if err := ns.Sysctl(s.key, s.value); err != nil {
			_ = ns.Close()
			return nil, err
		}
	}
	return ns, nil
}

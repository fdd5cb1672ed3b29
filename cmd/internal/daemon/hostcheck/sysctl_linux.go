package hostcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sysctl returns the value of a setting of the kernel, given by the parts of its
// name: those of interfaces may hold dots.
func sysctl(name ...string) (int, error) {
	text, err := os.ReadFile(filepath.Join(append([]string{"/proc/sys/net"}, name...)...))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// ofInterface returns the value that holds for an interface: the greater one of its
// own and of all interfaces (Documentation/networking/ip-sysctl.rst).
func ofInterface(iface, name string) (int, error) {
	own, err := sysctl("ipv4", "conf", iface, name)
	if err != nil {
		return 0, err
	}
	all, err := sysctl("ipv4", "conf", "all", name)
	return max(own, all), err
}

// rpFilter looks whether the kernel drops messages from routers that it would not
// answer by the same interface.
func rpFilter(iface string) []Finding {
	value, err := ofInterface(iface, "rp_filter")
	switch {
	case err != nil:
		return nil // the interface has been reported
	case value == 1:
		return one(Finding{
			Level: Warning, State: "is 1: messages from routers that are reached through another interface are dropped before a socket sees them",
			Advice: fmt.Sprintf("sysctl -w net.ipv4.conf.%s.rp_filter=2 (the larger of this and conf.all counts)", strings.ReplaceAll(iface, ".", "/")),
		})
	}
	return one(Finding{State: fmt.Sprintf("is %d", value)})
}

// dropUnicast looks whether this host would use a copy that another one broadcasts.
func dropUnicast(iface string) []Finding {
	value, err := ofInterface(iface, "drop_unicast_in_l2_multicast")
	switch {
	case err != nil:
		return nil
	case value != 0:
		return one(Finding{
			Level: Problem, State: "is 1: this host drops the copies that others broadcast",
			Advice: fmt.Sprintf("sysctl -w net.ipv4.conf.%s.drop_unicast_in_l2_multicast=0, and conf.all too", strings.ReplaceAll(iface, ".", "/")),
		})
	}
	return one(Finding{State: "is 0"})
}

// dropUnicast6 is dropUnicast for IPv6, where each interface has its own value only
// (net/ipv6/ip6_input.c, ip6_rcv_core).
func dropUnicast6(iface string) []Finding {
	value, err := sysctl("ipv6", "conf", iface, "drop_unicast_in_l2_multicast")
	switch {
	case err != nil:
		return nil // or the host has no IPv6
	case value != 0:
		return one(Finding{
			Level: Problem, State: "is 1: this host drops the copies of IPv6 messages that others broadcast",
			Advice: fmt.Sprintf("sysctl -w net.ipv6.conf.%s.drop_unicast_in_l2_multicast=0", strings.ReplaceAll(iface, ".", "/")),
		})
	}
	return one(Finding{State: "is 0"})
}

// kernel looks at what holds for all interfaces.
func (c *checker) kernel() { c.once("sysctl net.ipv4.ip_no_pmtu_disc", noPMTUDiscovery) }

// noPMTUDiscovery looks whether the kernel uses the messages at all.
func noPMTUDiscovery() []Finding {
	value, err := sysctl("ipv4", "ip_no_pmtu_disc")
	switch {
	case err != nil:
		return nil
	case value != 0:
		return one(Finding{
			Level: Warning, State: fmt.Sprintf("is %d: the kernel ignores all or some IPv4 \"packet too big\" messages", value),
			Advice: "sysctl -w net.ipv4.ip_no_pmtu_disc=0",
		})
	}
	return one(Finding{State: "is 0"})
}

package probe

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// expiry returns how long the kernel holds path MTUs, in seconds.
func expiry(addr netip.Addr) int {
	const usual = 600
	name := "/proc/sys/net/ipv4/route/mtu_expires"
	if addr.Is6() {
		name = "/proc/sys/net/ipv6/route/mtu_expires"
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return usual
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return usual
	}
	return seconds
}

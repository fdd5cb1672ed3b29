package sane

import "net/netip"

// kind is a set of what is special about an address, by which checks judge it. Nearly all
// addresses have nothing of it.
type kind uint8

const (
	unspecified kind = 1 << iota // 0.0.0.0/8, which stands for this network (RFC 1122, section 3.2.1.3), and ::
	loopback
	multicast
	allHosts  // 255.255.255.255
	linkLocal // fe80::/10; IPv4's 169.254.0.0/16 is left out, as networks do forward it
)

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// kindOf returns what is special about an address. The zero Addr has nothing of it.
func kindOf(addr netip.Addr) (k kind) {
	if isOrdinary(addr) {
		return 0
	}
	add := func(one kind, is bool) {
		if is {
			k |= one
		}
	}
	add(unspecified, addr.IsUnspecified() || addr.Is4() && addr.As4()[0] == 0)
	add(loopback, addr.IsLoopback())
	add(multicast, addr.IsMulticast())
	add(allHosts, addr == broadcast4)
	add(linkLocal, addr.Is6() && addr.IsLinkLocalUnicast())
	return k
}

// isOrdinary tells most addresses of which nothing is special by their first byte.
func isOrdinary(addr netip.Addr) bool {
	if addr.Is4() {
		first := addr.As4()[0]
		return first > 0 && first < 224 && first != 127
	}
	first := addr.As16()[0]
	return first > 0 && first < 0xfe
}

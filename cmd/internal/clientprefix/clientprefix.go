// Package clientprefix gathers clients: those behind one access line have the same path MTU.
package clientprefix

import "net/netip"

// Lengths of the prefixes. Of IPv4 a client has few addresses, and its provider gives the same
// line to its neighbours. Of IPv6 a line has a prefix of /48 to /64; /56 is what providers give
// a home (RIPE-690, section 4.2), so that the networks behind it count as one.
const (
	Bits4 = 24
	Bits6 = 56
)

// Of returns the prefix of an address, without its zone.
func Of(a netip.Addr) netip.Prefix {
	bits := Bits6
	if a.Is4() {
		bits = Bits4
	}
	prefix, _ := a.WithZone("").Prefix(bits) // the zero Addr has the zero Prefix
	return prefix
}

package wire

import "net/netip"

// Lengths of headers: IPv4 without options, ICMP and ICMPv6 without what they quote
// (RFC 792, RFC 4443).
const (
	IPv4Len = 20
	IPv6Len = 40
	ICMPLen = 8
)

// Lengths in front of an IP header: an Ethernet header without VLAN tags, and a tag
// (IEEE 802.3, IEEE 802.1Q).
const (
	EthernetLen = 14
	VLANTagLen  = 4
)

// IP is a packet of either version, from its whole header on. The zero value stands for
// none; its methods return zero values.
type IP struct {
	// Version is 4 or 6. The version in the header may be another one.
	Version uint8

	// Bytes is an [IPv4] or an [IPv6].
	Bytes []byte
}

// NewIP returns the packet of a version that b begins with. It is the zero IP if b is
// shorter than the header, without options, or the version is neither 4 nor 6.
func NewIP(version uint8, b []byte) IP {
	if version == 4 && len(b) >= IPv4Len || version == 6 && len(b) >= IPv6Len {
		return IP{version, b}
	}
	return IP{}
}

// ParseIP returns the packet that b begins with, of the version in its header.
func ParseIP(b []byte) IP { return NewIP(Version(b), b) }

// HeaderLen returns the length that the header claims for itself, without the extension
// headers of IPv6. That of IPv4 may be below IPv4Len.
func (ip IP) HeaderLen() int {
	n, _ := HeaderLen(ip.Version, ip.Bytes)
	return n
}

// Len returns the length of the packet that the header claims.
func (ip IP) Len() int {
	switch ip.Version {
	case 4:
		return IPv4(ip.Bytes).Len()
	case 6:
		return IPv6(ip.Bytes).Len()
	}
	return 0
}

// TTL returns the TTL or the hop limit.
func (ip IP) TTL() uint8 {
	ttl, _ := TTL(ip.Version, ip.Bytes)
	return ttl
}

// Src returns the source address.
func (ip IP) Src() netip.Addr {
	switch ip.Version {
	case 4:
		return netip.AddrFrom4([4]byte(IPv4(ip.Bytes).Src()))
	case 6:
		return netip.AddrFrom16([16]byte(IPv6(ip.Bytes).Src()))
	}
	return netip.Addr{}
}

// Dst returns the destination address.
func (ip IP) Dst() netip.Addr {
	switch ip.Version {
	case 4:
		return netip.AddrFrom4([4]byte(IPv4(ip.Bytes).Dst()))
	case 6:
		return netip.AddrFrom16([16]byte(IPv6(ip.Bytes).Dst()))
	}
	return netip.Addr{}
}

// Protocol returns the protocol that the header names. In IPv6 it may be an extension
// header.
func (ip IP) Protocol() Protocol {
	switch ip.Version {
	case 4:
		return IPv4(ip.Bytes).Protocol()
	case 6:
		return IPv6(ip.Bytes).NextHeader()
	}
	return 0
}

// Payload returns what lies behind the header, and behind the extension headers of IPv6
// as far as they are there.
func (ip IP) Payload() Payload {
	switch ip.Version {
	case 4:
		return IPv4(ip.Bytes).Payload()
	case 6:
		return IPv6(ip.Bytes).Payload()
	}
	return Payload{}
}

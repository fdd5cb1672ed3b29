package wire

import "encoding/binary"

// IPv6 is a packet that begins with an IPv6 header (RFC 8200), at least IPv6Len bytes.
type IPv6 []byte

// Len returns the length of the packet that the header claims.
func (ip IPv6) Len() int { return IPv6Len + int(binary.BigEndian.Uint16(ip[4:])) }

// NextHeader returns the protocol that the header names, maybe an extension header.
func (ip IPv6) NextHeader() Protocol { return Protocol(ip[6]) }

// HopLimit returns the hop limit.
func (ip IPv6) HopLimit() uint8 { return ip[ipv6TTL] }

// Src returns the sixteen bytes of the source address.
func (ip IPv6) Src() []byte { return ip[8:24] }

// Dst returns the sixteen bytes of the destination address.
func (ip IPv6) Dst() []byte { return ip[24:40] }

// Payload returns what lies behind the header, and behind the extension headers as far
// as they are there.
func (ip IPv6) Payload() Payload {
	p := Payload{Protocol: ip.NextHeader(), Offset: IPv6Len}
	for p.Offset+MinExtensionLen <= len(ip) && p.FragmentOffset == 0 {
		header := ip[p.Offset:]
		n := ExtensionLen(p.Protocol, header)
		if n == 0 {
			break
		}
		if p.Protocol == ProtoFragment {
			p.FragmentOffset, p.MoreFragments = Fragment(header)
		}
		p.Protocol = Protocol(header[0])
		p.Offset += n
	}
	return p
}

// MinExtensionLen is the length of the shortest IPv6 extension header.
const MinExtensionLen = 8

// ExtensionLen returns the length of the IPv6 extension header that b begins with, at
// least MinExtensionLen bytes of it. It is 0 if p is none, or none with a length: behind
// ESP nothing can be read. The first byte of each is the next header.
func ExtensionLen(p Protocol, b []byte) int {
	switch p {
	case ProtoHopByHop, ProtoRouting, ProtoDestination, ProtoMobility, ProtoHIP, ProtoShim6:
		return 8 * (1 + int(b[1]))
	case ProtoFragment:
		return 8
	case ProtoAH:
		return 4 * (2 + int(b[1]))
	}
	return 0
}

// Fragment returns the fields of an IPv6 fragment header: the offset in bytes, and
// whether more fragments follow.
func Fragment(header []byte) (offset int, more bool) {
	word := binary.BigEndian.Uint16(header[2:])
	return int(word &^ 7), word&1 != 0
}

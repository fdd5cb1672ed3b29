package sane

import "encoding/binary"

// Protocol numbers of IANA.
const (
	protoICMP        = 1
	protoFragment    = 44
	protoAH          = 51
	protoICMPv6      = 58
	ipv4MinLen       = 20
	ipv6Len          = 40
	icmpLen          = 8
	icmpv6MinInfo    = 128 // the first type that is no error (RFC 4443, section 2.1)
	icmpv6Redirect   = 137
	icmpEchoReply    = 0
	icmpUnreachable  = 3
	icmpQuench       = 4
	icmpRedirect     = 5
	icmpTimeExceeded = 11
	icmpParameter    = 12
)

// inside is what lies behind the headers of an IP packet.
type inside struct {
	proto  uint8
	at     int  // where it begins
	offset int  // of a fragment, in octets
	more   bool // fragments
}

// isFragment reports whether the packet is a piece of another.
func (i inside) isFragment() bool { return i.offset > 0 || i.more }

// insideIPv4 looks behind the IPv4 header at the start of b, at least 20 octets.
func insideIPv4(b []byte) inside {
	word := binary.BigEndian.Uint16(b[6:])
	return inside{
		proto: b[9], at: headerLen(b),
		offset: 8 * int(word&0x1fff), more: word&0x2000 != 0,
	}
}

// headerLen returns the length that an IPv4 header claims.
func headerLen(b []byte) int { return 4 * int(b[0]&0x0f) }

// insideIPv6 looks behind the IPv6 header at the start of b, at least 40 octets, and
// behind its extension headers as far as they are there (RFC 8200, section 4; RFC
// 4302, section 2).
func insideIPv6(b []byte) inside {
	in := inside{proto: b[6], at: ipv6Len}
	for in.at+8 <= len(b) && in.offset == 0 {
		header := b[in.at:]
		n := 8
		switch in.proto {
		case 0, 43, 60, 135, 139, 140: // hop-by-hop, routing, destination, mobility, HIP, Shim6
			n = 8 * (1 + int(header[1]))
		case protoFragment:
			word := binary.BigEndian.Uint16(header[2:])
			in.offset, in.more = int(word&0xfff8), word&1 != 0
		case protoAH:
			n = 4 * (2 + int(header[1]))
		default:
			return in
		}
		in.proto = header[0]
		in.at += n
	}
	return in
}

// isICMPError reports whether b, a packet of the IP version, is an ICMP error or a
// redirect, to which no other ICMP error may answer (RFC 1122, section 3.2.2; RFC
// 4443, section 2.4).
func (i inside) isICMPError(version uint8, b []byte) bool {
	if i.offset > 0 || i.at >= len(b) {
		return false
	}
	kind := b[i.at]
	switch {
	case version == 6:
		return i.proto == protoICMPv6 && (kind < icmpv6MinInfo || kind == icmpv6Redirect)
	case i.proto != protoICMP:
		return false
	}
	switch kind {
	case icmpUnreachable, icmpQuench, icmpRedirect, icmpTimeExceeded, icmpParameter:
		return true
	}
	return false
}

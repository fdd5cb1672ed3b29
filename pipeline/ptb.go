package pipeline

import (
	"encoding/binary"
	"net/netip"
)

// Router returns the outer source address of an IP packet: for a PTB, the router
// that sent it. It is the zero Addr when the packet has no whole IP header.
func (p *Packet) Router() netip.Addr { return p.outerAddr(12, 8) }

// Target returns the outer destination address of an IP packet, as Router does.
func (p *Packet) Target() netip.Addr { return p.outerAddr(16, 24) }

// outerAddr returns the address at offset v4 or v6 of the IP header.
func (p *Packet) outerAddr(v4, v6 int) netip.Addr {
	if p.Network < 0 {
		return netip.Addr{}
	}
	ip := p.Data[p.Network:]
	switch {
	case p.EtherType == EtherTypeIPv4 && len(ip) >= ipv4MinLen:
		return netip.AddrFrom4([4]byte(ip[v4:]))
	case p.EtherType == EtherTypeIPv6 && len(ip) >= ipv6Len:
		return netip.AddrFrom16([16]byte(ip[v6:]))
	}
	return netip.Addr{}
}

// MTU returns the next-hop MTU of a PTB (RFC 1191 section 4, RFC 4443 section
// 3.2), and whether the packet is a PTB that holds it.
func (p *Packet) MTU() (mtu uint32, ok bool) {
	if p.PTB == 0 || len(p.Data) < p.ICMP+icmpLen {
		return 0, false
	}
	if p.PTB == 4 {
		return uint32(binary.BigEndian.Uint16(p.Data[p.ICMP+6:])), true
	}
	return binary.BigEndian.Uint32(p.Data[p.ICMP+4:]), true
}

// IPEnd returns the offset in Data at which the IP packet ends: where its header
// says, or with Data if that is before. Behind it are padding, trailers and frame
// check sequences, which are no part of the packet. Without a whole IP header
// nothing is known, and it is len(Data).
func (p *Packet) IPEnd() int {
	if p.Network < 0 {
		return len(p.Data)
	}
	ip := p.Data[p.Network:]
	switch {
	case p.EtherType == EtherTypeIPv4 && len(ip) >= ipv4MinLen:
		return min(len(p.Data), p.Network+int(binary.BigEndian.Uint16(ip[2:])))
	case p.EtherType == EtherTypeIPv6 && len(ip) >= ipv6Len:
		return min(len(p.Data), p.Network+ipv6Len+int(binary.BigEndian.Uint16(ip[4:])))
	}
	return len(p.Data)
}

// Quote returns what follows a PTB's ICMP header up to the end of the IP packet:
// the start of the quoted packet. It is empty when there is none.
func (p *Packet) Quote() []byte {
	end := p.IPEnd()
	if p.PTB == 0 || end < p.ICMP+icmpLen {
		return nil
	}
	return p.Data[p.ICMP+icmpLen : end]
}

// Broadcast reports whether the link layer sent the packet to several hosts, all or
// a group of them: each of these has it already.
func (p *Packet) Broadcast() bool {
	if p.LinkType == LinkEthernet && len(p.Data) >= 6 {
		return p.Data[0]&1 != 0 // the group bit (IEEE 802, section 8.2)
	}
	return p.Type == TypeBroadcast || p.Type == TypeMulticast
}

// Usable reports whether a receiver could use what a PTB quotes: the IP header, its
// extension headers and eight bytes behind them, of no fragment but the first. Linux
// asks for these before it looks for a socket (icmp_socket_deliver in
// net/ipv4/icmp.c, icmpv6_notify in net/ipv6/icmp.c). What a cut capture may lack
// counts as there.
func (p *Packet) Usable() bool {
	b := p.Quote()
	cut := p.Truncated() && p.IPEnd() == len(p.Data)
	if len(b) == 0 {
		return cut
	}
	transport, ok := transportOf(b)
	return ok && (cut || len(b) >= transport+minTransport)
}

// minTransport is what receivers ask for behind the quoted headers (RFC 792).
const minTransport = 8

// transportOf returns the offset behind the headers of a quoted packet. It reports
// false if nothing follows them that a receiver looks at, whatever is quoted.
func transportOf(b []byte) (offset int, ok bool) {
	switch b[0] >> 4 {
	case 4:
		return transportOfIPv4(b)
	case 6:
		return transportOfIPv6(b)
	}
	return 0, false
}

func transportOfIPv4(b []byte) (offset int, ok bool) {
	header := 4 * int(b[0]&0x0f)
	if len(b) < ipv4MinLen {
		return ipv4MinLen, header >= ipv4MinLen
	}
	return header, header >= ipv4MinLen && binary.BigEndian.Uint16(b[6:])&0x1fff == 0
}

// transportOfIPv6 walks the extension headers that receivers walk (ipv6_ext_hdr in
// net/ipv6/exthdrs_core.c).
func transportOfIPv6(b []byte) (offset int, ok bool) {
	if len(b) < ipv6Len {
		return ipv6Len, true
	}
	offset = ipv6Len
	for proto := b[6]; ; {
		switch proto {
		case 0, 43, 44, 51, 60: // hop-by-hop, routing, fragment, authentication, destination
		case 59: // no next header
			return offset, false
		default:
			return offset, true
		}
		if len(b) < offset+8 {
			return offset, true
		}
		n, first := extensionHeader(proto, b[offset:])
		if !first {
			return offset, false
		}
		proto = b[offset]
		offset += n
	}
}

// Quoted describes the packet that a PTB quotes.
type Quoted struct {
	Version  uint8      // 4 or 6
	Protocol uint8      // the last of the chain of IPv6 extension headers that is there
	Src, Dst netip.Addr // source is the sender of the too-big packet
	Length   int        // its whole length in octets, as its IP header claims

	// HasPorts tells whether the ports are known: a protocol that has them, no
	// later fragment, and four octets of its header in the quote.
	HasPorts         bool
	SrcPort, DstPort uint16
}

// Quoted decodes the quoted packet of a PTB. It reports false if the message
// quotes no IP header.
func (p *Packet) Quoted() (q Quoted, ok bool) {
	b := p.Quote()
	if len(b) == 0 {
		return q, false
	}
	q.Version = b[0] >> 4
	switch {
	case q.Version == 4 && len(b) >= ipv4MinLen:
		q.decodeIPv4(b)
	case q.Version == 6 && len(b) >= ipv6Len:
		q.decodeIPv6(b)
	default:
		return Quoted{}, false
	}
	return q, true
}

func (q *Quoted) decodeIPv4(b []byte) {
	q.Protocol = b[9]
	q.Src, q.Dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	q.Length = int(binary.BigEndian.Uint16(b[2:]))
	header := 4 * int(b[0]&0x0f)
	if header < ipv4MinLen || len(b) < header || binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return
	}
	q.decodePorts(b[header:])
}

func (q *Quoted) decodeIPv6(b []byte) {
	q.Protocol = b[6]
	q.Src, q.Dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	q.Length = ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
	b = b[ipv6Len:]
	for len(b) >= 8 {
		n, first := extensionHeader(q.Protocol, b)
		if n == 0 {
			break
		}
		q.Protocol = b[0]
		if !first || len(b) < n {
			return
		}
		b = b[n:]
	}
	q.decodePorts(b)
}

// extensionHeader returns the length of the IPv6 extension header that b (at
// least 8 octets) begins with, 0 if proto is none that can be walked (RFC 8200
// section 4, RFC 4302 section 2). First is false for a fragment other than the
// first, behind which no header follows.
func extensionHeader(proto uint8, b []byte) (n int, first bool) {
	switch proto {
	case 0, 43, 60, 135, 139, 140: // hop-by-hop, routing, destination, mobility, HIP, Shim6
		return 8 * (1 + int(b[1])), true
	case 44: // fragment
		return 8, binary.BigEndian.Uint16(b[2:])&0xfff8 == 0
	case 51: // authentication
		return 4 * (2 + int(b[1])), true
	}
	return 0, true
}

func (q *Quoted) decodePorts(l4 []byte) {
	switch q.Protocol {
	case 6, 17, 33, 132, 136: // TCP, UDP, DCCP, SCTP, UDP-Lite
	default:
		return
	}
	if len(l4) < 4 {
		return
	}
	q.HasPorts = true
	q.SrcPort, q.DstPort = binary.BigEndian.Uint16(l4), binary.BigEndian.Uint16(l4[2:])
}

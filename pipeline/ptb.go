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

// Quote returns what follows a PTB's ICMP header up to the end of Data: the start
// of the quoted packet and, on Ethernet, perhaps padding. It is empty when there
// is none.
func (p *Packet) Quote() []byte {
	if p.PTB == 0 || len(p.Data) < p.ICMP+icmpLen {
		return nil
	}
	return p.Data[p.ICMP+icmpLen:]
}

// Broadcast reports whether the link layer sent the packet to all hosts.
func (p *Packet) Broadcast() bool {
	if p.LinkType == LinkEthernet && len(p.Data) >= 6 {
		return [6]byte(p.Data) == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	return p.Type == TypeBroadcast
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

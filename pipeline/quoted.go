package pipeline

import (
	"encoding/binary"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// Quoted describes the packet that a PTB quotes.
type Quoted struct {
	Version  uint8         // 4 or 6
	TTL      uint8         // TTL or hop limit, with which it reached the router
	Protocol wire.Protocol // the last of the chain of IPv6 extension headers that is there
	Src, Dst netip.Addr    // source is the sender of the too-big packet
	Length   int           // its whole length in bytes, as its IP header claims

	// HasPorts reports whether the ports are known: a protocol that has them, no
	// later fragment, and four bytes of its header in the quote.
	HasPorts         bool
	SrcPort, DstPort uint16
}

// Quoted decodes the quoted packet of a PTB. It reports false if the message
// quotes no IP header.
func (p *Packet) Quoted() (q Quoted, ok bool) {
	ip := wire.ParseIP(p.Quote())
	switch ip.Version {
	case 4:
		q.readIPv4(ip.Bytes)
	case 6:
		q.readIPv6(ip.Bytes)
	default:
		return q, false
	}
	return q, true
}

func (q *Quoted) readIPv4(ip wire.IPv4) {
	q.Version, q.TTL, q.Length = 4, ip.TTL(), ip.Len()
	q.Src, q.Dst = netip.AddrFrom4([4]byte(ip.Src())), netip.AddrFrom4([4]byte(ip.Dst()))
	q.readPayload(ip, ip.Payload())
}

func (q *Quoted) readIPv6(ip wire.IPv6) {
	q.Version, q.TTL, q.Length = 6, ip.HopLimit(), ip.Len()
	q.Src, q.Dst = netip.AddrFrom16([16]byte(ip.Src())), netip.AddrFrom16([16]byte(ip.Dst()))
	q.readPayload(ip, ip.Payload())
}

func (q *Quoted) readPayload(ip []byte, in wire.Payload) {
	q.Protocol = in.Protocol
	if in.Offset < wire.IPv4Len || in.FragmentOffset > 0 || !in.Protocol.HasPorts() || len(ip) < in.Offset+4 {
		return
	}
	ports := ip[in.Offset:]
	q.HasPorts = true
	q.SrcPort, q.DstPort = binary.BigEndian.Uint16(ports), binary.BigEndian.Uint16(ports[2:])
}

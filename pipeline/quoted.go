package pipeline

import (
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
	if ip.Version == 0 {
		return q, false
	}
	in := ip.Payload()
	q = Quoted{
		Version: ip.Version, TTL: ip.TTL(), Protocol: in.Protocol,
		Src: ip.Src(), Dst: ip.Dst(), Length: ip.Len(),
	}
	q.SrcPort, q.DstPort, q.HasPorts = ip.Ports(in)
	return q, true
}

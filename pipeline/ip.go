package pipeline

import (
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Version returns the IP version that the link layer announces, 0 if the packet is not
// IP or the capture ends before the IP header.
func (p *Packet) Version() uint8 {
	if p.Network < 0 {
		return 0
	}
	switch p.EtherType {
	case linklayer.EtherTypeIPv4:
		return 4
	case linklayer.EtherTypeIPv6:
		return 6
	}
	return 0
}

// IP returns the IP packet to the end of Data. It is the zero IP when the packet has no
// whole IP header.
func (p *Packet) IP() wire.IP { return wire.NewIP(p.Version(), p.network()) }

// network returns Data from the header on that EtherType announces.
func (p *Packet) network() []byte {
	if p.Network < 0 {
		return nil
	}
	return p.Data[p.Network:]
}

// Router returns the outer source address of an IP packet: for a PTB, the router
// that sent it. It is the zero Addr when the packet has no whole IP header.
func (p *Packet) Router() netip.Addr { return p.IP().Src() }

// Target returns the outer destination address of an IP packet, as Router does.
func (p *Packet) Target() netip.Addr { return p.IP().Dst() }

// TTL returns the TTL or hop limit of an IP packet, and whether the capture holds it.
func (p *Packet) TTL() (ttl uint8, ok bool) { return wire.TTL(p.Version(), p.network()) }

// IPLength returns the length of an IP packet in bytes, as its header claims, and
// whether the capture holds it.
func (p *Packet) IPLength() (n int, ok bool) { return wire.Len(p.Version(), p.network()) }

// ipEnd returns the offset in Data at which the IP packet ends: where its header
// says, or with Data if that is before. Behind it are padding, trailers and frame
// check sequences, which are no part of the packet. Without a whole IP header
// nothing is known, and it is len(Data).
func (p *Packet) ipEnd() int {
	ip := p.IP()
	if ip.Version == 0 {
		return len(p.Data)
	}
	return min(len(p.Data), p.Network+ip.Len())
}

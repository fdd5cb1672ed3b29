package pipeline

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// MTU returns the next-hop MTU of a PTB (RFC 1191 section 4, RFC 4443 section
// 3.2), and whether the packet is a PTB that holds it.
func (p *Packet) MTU() (mtu uint32, ok bool) {
	if p.PTB == 0 || len(p.Data) < p.ICMP+wire.ICMPLen {
		return 0, false
	}
	if p.PTB == 4 {
		return uint32(binary.BigEndian.Uint16(p.Data[p.ICMP+6:])), true
	}
	return binary.BigEndian.Uint32(p.Data[p.ICMP+4:]), true
}

// Quote returns what follows a PTB's ICMP header up to the end of the IP packet:
// the start of the quoted packet. It is empty when there is none.
func (p *Packet) Quote() []byte {
	if p.PTB == 0 {
		return nil
	}
	n, _ := wire.Len(p.PTB, p.Data[p.Network:])
	begin, end := p.ICMP+wire.ICMPLen, min(len(p.Data), p.Network+n)
	if end < begin {
		return nil
	}
	return p.Data[begin:end]
}

// Broadcast reports whether the link layer sent the packet to several hosts, all or
// a group of them: each of these has it already.
func (p *Packet) Broadcast() bool {
	if p.LinkType == linklayer.Ethernet && len(p.Data) >= 6 {
		return p.Data[0]&1 != 0 // the group bit (IEEE 802, section 8.2)
	}
	return p.Type == linklayer.TypeBroadcast || p.Type == linklayer.TypeMulticast
}

package pipeline

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Lengths of link-layer headers in bytes.
const (
	sllLen    = 16
	sll2Len   = 20
	familyLen = 4
)

// View is what the engine decoded of a packet: where its headers are, and whether
// it is a packet-too-big message (PTB). Offsets count bytes of Data; -1 stands
// for a header that is not there. Decoding never reads outside Data, trusts no
// length and refuses nothing: judging is the filters' work.
type View struct {
	// EtherType is that of the payload, behind at most one VLAN tag; 0 if there
	// is none. Link types without one get that of the IP version.
	EtherType uint16

	// Tag is the EtherType of the one VLAN tag, 0 without tag.
	Tag uint16

	// Network is the offset of the header that EtherType announces, -1 if the
	// capture ends before it.
	Network int

	// PTB is 4 for an ICMPv4 message of type 3 code 4 (RFC 792, RFC 1191), 6 for
	// an ICMPv6 message of type 2 code 0 (RFC 4443), else 0. As in the kernel
	// filter of the original daemon, the ICMPv4 header is looked for at the
	// header length as claimed, the version nibble is not looked at, and an
	// IPv6 extension header hides the ICMPv6 header.
	PTB uint8

	// ICMP is the offset of the PTB's ICMP header, -1 if PTB is 0. At least two
	// bytes of it are there.
	ICMP int
}

// Decode fills the packet's [View] from its Data and LinkType. The engine does it
// for every packet; tests and tools without an engine call it themselves.
func (p *Packet) Decode() {
	p.View = View{Network: -1, ICMP: -1}
	p.ReadPort = -1
	p.DecodeType()
	p.decodeLink()
	if p.Network < 0 {
		return
	}
	switch p.EtherType {
	case linklayer.EtherTypeIPv4:
		p.decodeIPv4()
	case linklayer.EtherTypeIPv6:
		p.decodeIPv6()
	}
}

func (p *Packet) decodeLink() {
	switch p.LinkType {
	case linklayer.Ethernet:
		p.decodeEtherType(12, wire.EthernetLen)
	case linklayer.SLL:
		p.decodeEtherType(14, sllLen)
	case linklayer.SLL2:
		p.decodeEtherType(0, sll2Len)
	case linklayer.PPP, linklayer.PPPHDLC:
		p.decodeHDLC()
	case linklayer.PPPEther:
		p.decodePPPoE()
	case linklayer.Null:
		p.decodeFamily(binary.LittleEndian)
	case linklayer.Loop:
		p.decodeFamily(binary.BigEndian)
	case linklayer.Raw, linklayer.IPv4, linklayer.IPv6:
		p.decodeNibble(0)
	}
}

// DecodeType sets Type to what the header of a Linux cooked capture says. Packets of
// other link types keep theirs. It is for readers of captures; Decode does it too.
func (p *Packet) DecodeType() {
	switch {
	case p.LinkType == linklayer.SLL && len(p.Data) >= 2:
		p.cookedType(binary.BigEndian.Uint16(p.Data))
	case p.LinkType == linklayer.SLL2 && len(p.Data) > 10:
		p.cookedType(uint16(p.Data[10]))
	}
}

// cookedType takes over the packet type of a Linux cooked header, if it is known.
func (p *Packet) cookedType(t uint16) {
	if t <= uint16(linklayer.TypeOutgoing-linklayer.TypeHost) {
		p.Type = linklayer.TypeHost + linklayer.PacketType(t)
	}
}

// decodeEtherType reads the EtherType at offset field; the link-layer header is
// n bytes long.
func (p *Packet) decodeEtherType(field, n int) {
	if len(p.Data) < n {
		return
	}
	p.EtherType = binary.BigEndian.Uint16(p.Data[field:])
	p.Network = n
	if p.EtherType != linklayer.EtherTypeVLAN && p.EtherType != linklayer.EtherTypeQinQ {
		return
	}
	p.Tag, p.EtherType, p.Network = p.EtherType, 0, -1
	if len(p.Data) >= n+wire.VLANTagLen {
		p.EtherType = binary.BigEndian.Uint16(p.Data[n+2:])
		p.Network = n + wire.VLANTagLen
	}
}

// decodeFamily reads the protocol family of a BSD loopback header. Files written
// on hosts of the other byte order carry it the other way round. All families
// but AF_INET have several numbers, so the nibble decides for them.
func (p *Packet) decodeFamily(order binary.ByteOrder) {
	if len(p.Data) < familyLen {
		return
	}
	family := order.Uint32(p.Data)
	if family > 0xffff {
		family = uint32(family>>24) | uint32(family>>8)&0xff00
	}
	switch family {
	case 2, 10, 23, 24, 28, 30: // AF_INET; AF_INET6 of Linux, Windows and the BSDs
		p.decodeNibble(familyLen)
	}
}

// decodeNibble finds an IP header of either version at off.
func (p *Packet) decodeNibble(off int) {
	if len(p.Data) <= off {
		return
	}
	switch p.Data[off] >> 4 {
	case 4:
		p.EtherType = linklayer.EtherTypeIPv4
	case 6:
		p.EtherType = linklayer.EtherTypeIPv6
	default:
		return
	}
	p.Network = off
}

func (p *Packet) decodeIPv4() {
	ip := p.Data[p.Network:]
	if len(ip) < wire.IPv4Len {
		return
	}
	in := wire.IPv4(ip).Payload()
	if in.Protocol == wire.ProtoICMP && in.FragmentOffset == 0 && hasICMP(ip, in.Offset, 3, 4) {
		p.PTB, p.ICMP = 4, p.Network+in.Offset
	}
}

func (p *Packet) decodeIPv6() {
	ip := p.Data[p.Network:]
	if len(ip) >= wire.IPv6Len && wire.IPv6(ip).NextHeader() == wire.ProtoICMPv6 && hasICMP(ip, wire.IPv6Len, 2, 0) {
		p.PTB, p.ICMP = 6, p.Network+wire.IPv6Len
	}
}

// hasICMP reports whether an ICMP header with this type and code is at offset at.
func hasICMP(ip []byte, at int, kind, code byte) bool {
	return len(ip) >= at+2 && ip[at] == kind && ip[at+1] == code
}

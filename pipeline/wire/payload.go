package wire

import "encoding/binary"

// Payload is what lies behind the headers of an IP packet.
type Payload struct {
	// Protocol is the last one of the chain of IPv6 extension headers that is there.
	Protocol Protocol

	// Offset is where the payload begins in the packet. What the headers claim may lie
	// beyond its bytes.
	Offset int

	// FragmentOffset is the offset of the payload in the packet that was fragmented.
	// Above 0 the payload does not begin with a header.
	FragmentOffset int

	// MoreFragments is set in every fragment but the last.
	MoreFragments bool
}

// IsFragment reports whether the packet is a fragment of another.
func (p Payload) IsFragment() bool { return p.FragmentOffset > 0 || p.MoreFragments }

// Ports returns the ports at the beginning of a payload of the packet, and whether they
// are known: a protocol that has them, no later fragment, and four bytes of its header
// there.
func (ip IP) Ports(in Payload) (src, dst uint16, ok bool) {
	if in.Offset < IPv4Len || in.FragmentOffset > 0 || !in.Protocol.HasPorts() || len(ip.Bytes) < in.Offset+4 {
		return 0, 0, false
	}
	ports := ip.Bytes[in.Offset:]
	return binary.BigEndian.Uint16(ports), binary.BigEndian.Uint16(ports[2:]), true
}

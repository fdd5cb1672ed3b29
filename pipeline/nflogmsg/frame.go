package nflogmsg

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

const (
	macsLen        = 12 // of an Ethernet header, before its tags
	arphrdEther    = 1
	protocol8022   = 0x0004 // the kernel's EtherType for frames that have a length instead
	firstEtherType = 0x0600
)

// Families of netfilter hooks (enum in linux/netfilter.h), and their hooks.
const (
	familyInet   = 1
	familyIPv4   = 2
	familyNetdev = 5
	familyIPv6   = 10

	hookLocalOut     = 3 // of the three IP families; the hooks above it are outgoing too
	hookNetdevEgress = 1
)

// Fill makes p the packet of the record. Its bytes are those of the message: a
// link-layer header is written in front of the payload, over attributes that have
// been read. So it can be called once. Now is for packets without a time stamp.
func (r *Record) Fill(p *pipeline.Packet, now pipeline.Instant) {
	begin, network, link := r.assemble()
	p.Data = r.msg[begin:r.end:r.end]
	p.Length = network - begin + networkLength(r.protocol, r.msg[network:r.end])
	p.LinkType = link
	p.Type = r.packetType(p.Data, link)
	p.Origin = r.origin()
	p.Time = r.time
	if p.Time == 0 {
		p.Time = now
	}
}

// origin says by the link-layer header that a packet had when it came in, whether or not Data
// begins with it. On lo the kernel reports one of 14 bytes too.
func (r *Record) origin() pipeline.Origin {
	if h := r.hwHeader; len(h) >= macsLen && [6]byte(h[macsLen/2:]) == linklayer.InjectedMAC {
		return pipeline.OriginInjected
	}
	return pipeline.OriginCapture
}

// assemble returns where in msg the packet and its network header begin.
func (r *Record) assemble() (begin, network int, link linklayer.Type) {
	if r.outgoingFrame() {
		return r.payload, r.payload + wire.EthernetLen, linklayer.Ethernet
	}
	n := r.linkHeaderLen()
	if n == 0 {
		return r.payload, r.payload, linklayer.Raw
	}
	begin = r.payload - n
	if r.vlanProtocol == 0 {
		copy(r.msg[begin:], r.hwHeader[:n])
		return begin, r.payload, linklayer.Ethernet
	}
	begin -= wire.VLANTagLen
	// The copies may overlap the header, so what is behind the tag moves first.
	copy(r.msg[begin+macsLen+wire.VLANTagLen:], r.hwHeader[macsLen:n])
	copy(r.msg[begin:], r.hwHeader[:macsLen])
	binary.BigEndian.PutUint16(r.msg[begin+macsLen:], r.vlanProtocol)
	binary.BigEndian.PutUint16(r.msg[begin+macsLen+2:], r.vlanTCI)
	return begin, r.payload, linklayer.Ethernet
}

// linkHeaderLen returns how many bytes of hwHeader are an Ethernet header that
// leads to the payload, 0 if none are.
//
// The kernel reports as many bytes as the interface's headers usually have. On a
// VLAN interface that may be 18: with the tag if that was left in the frame, and
// else an Ethernet header and the first bytes of the payload.
func (r *Record) linkHeaderLen() int {
	h := r.hwHeader
	if r.hwType != arphrdEther || len(h) < wire.EthernetLen || r.payload < wire.EthernetLen+2*wire.VLANTagLen {
		return 0 // none, or no room for it where the payload comes first
	}
	etherType := binary.BigEndian.Uint16(h[macsLen:])
	switch {
	case etherType == r.protocol, etherType < firstEtherType && r.protocol == protocol8022:
		return wire.EthernetLen
	case etherType != linklayer.EtherTypeVLAN && etherType != linklayer.EtherTypeQinQ:
		return 0
	case len(h) >= wire.EthernetLen+wire.VLANTagLen && binary.BigEndian.Uint16(h[macsLen+wire.VLANTagLen:]) == r.protocol:
		return wire.EthernetLen + wire.VLANTagLen
	}
	return 0
}

// outgoingFrame reports whether the payload begins with an Ethernet header, as it
// does at the hook behind the IP stack.
func (r *Record) outgoingFrame() bool {
	return r.family == familyNetdev && r.hook == hookNetdevEgress && r.end-r.payload >= wire.EthernetLen &&
		binary.BigEndian.Uint16(r.msg[r.payload+macsLen:]) == r.protocol
}

// networkLength returns the length of a packet that begins with b: what its header
// says, but no less than there is.
func networkLength(protocol uint16, b []byte) int {
	n := 0
	switch protocol {
	case linklayer.EtherTypeIPv4:
		n, _ = wire.Len(4, b)
	case linklayer.EtherTypeIPv6:
		n, _ = wire.Len(6, b)
	}
	return max(n, len(b))
}

// packetType says by hook and destination to whom the link layer sent the packet.
// The IP stack sees no unicast packets that were sent to others.
func (r *Record) packetType(data []byte, link linklayer.Type) linklayer.PacketType {
	ip := r.family == familyIPv4 || r.family == familyIPv6 || r.family == familyInet
	switch {
	case ip && r.hook >= hookLocalOut, r.family == familyNetdev && r.hook == hookNetdevEgress:
		return linklayer.TypeOutgoing
	case link != linklayer.Ethernet:
		return linklayer.TypeUnknown
	case [6]byte(data) == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		return linklayer.TypeBroadcast
	case data[0]&1 != 0:
		return linklayer.TypeMulticast
	case ip:
		return linklayer.TypeHost
	}
	return linklayer.TypeUnknown
}

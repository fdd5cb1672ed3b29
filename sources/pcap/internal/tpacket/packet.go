package tpacket

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Bits of a packet's status.
const (
	statusVLANValid     = 1 << 4
	statusVLANTPIDValid = 1 << 6
)

// The length of what stands before a VLAN tag, and the EtherType of old
// kernels, which did not tell it.
const (
	macsLen     = 12
	defaultTPID = linklayer.EtherTypeVLAN
)

// vlanTag is a VLAN tag that the kernel took off a packet, with the packet's status.
type vlanTag struct {
	status    uint32
	tci, tpid uint16
}

// isOff reports whether there is such a tag and, in a packet with so many bytes, a place for it.
func (v vlanTag) isOff(link linklayer.Type, captured int) bool {
	return v.status&statusVLANValid != 0 && link == linklayer.Ethernet && captured >= macsLen
}

// restore puts the tag between the MAC addresses, which stand 4 bytes too far back in frame, and
// the EtherType.
func (v vlanTag) restore(frame []byte) {
	tpid := uint16(defaultTPID)
	if v.status&statusVLANTPIDValid != 0 {
		tpid = v.tpid
	}
	copy(frame, frame[wire.VLANTagLen:wire.VLANTagLen+macsLen])
	binary.BigEndian.PutUint16(frame[macsLen:], tpid)
	binary.BigEndian.PutUint16(frame[macsLen+2:], v.tci)
}

// fill describes the packet of the link type that is in data from begin on, with at most snaplen
// bytes. A VLAN tag that the kernel took off overwrites bytes before it.
func fill(p *pipeline.Packet, data []byte, begin, length int, tag vlanTag, link linklayer.Type, snaplen int) {
	if begin >= wire.VLANTagLen && tag.isOff(link, len(data)-begin) {
		begin -= wire.VLANTagLen
		length += wire.VLANTagLen
		tag.restore(data[begin:])
	}
	end := min(len(data), begin+snaplen)
	p.Data = data[begin:end:end]
	p.Length = max(length, len(p.Data))
	p.LinkType = link
}

// timeAt returns the time stamp at an offset: seconds and nanoseconds.
func timeAt(data []byte, offset int) pipeline.Instant {
	return pipeline.Instant(binary.NativeEndian.Uint32(data[offset:]))*1e9 +
		pipeline.Instant(binary.NativeEndian.Uint32(data[offset+4:]))
}

// packetType converts sll_pkttype (linux/if_packet.h).
func packetType(t uint8) linklayer.PacketType {
	if t > uint8(linklayer.TypeOutgoing-linklayer.TypeHost) {
		return linklayer.TypeUnknown
	}
	return linklayer.TypeHost + linklayer.PacketType(t)
}

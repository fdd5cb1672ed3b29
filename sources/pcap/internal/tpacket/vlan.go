package tpacket

import (
	"encoding/binary"

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

// packetType converts sll_pkttype (linux/if_packet.h).
func packetType(t uint8) linklayer.PacketType {
	if t > uint8(linklayer.TypeOutgoing-linklayer.TypeHost) {
		return linklayer.TypeUnknown
	}
	return linklayer.TypeHost + linklayer.PacketType(t)
}

package linklayer

// PacketType says to whom the link layer sent a packet. The values above
// Unknown are those of linux/if_packet.h, plus one.
type PacketType uint8

// Packet types.
const (
	TypeUnknown   PacketType = iota
	TypeHost                 // to this host
	TypeBroadcast            // to all
	TypeMulticast            // to a group
	TypeOtherHost            // to another host, seen in promiscuous mode
	TypeOutgoing             // sent by this host
)

// EtherTypes that decoding knows.
const (
	EtherTypeIPv4 = 0x0800
	EtherTypeIPv6 = 0x86dd
	EtherTypeVLAN = 0x8100 // IEEE 802.1Q
	EtherTypeQinQ = 0x88a8 // IEEE 802.1ad
)

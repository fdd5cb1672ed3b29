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

// InjectedMAC is the Ethernet source address of every frame that pmtud puts into a host's own
// network stack. It is locally administered and spells "pmtud". A packet that carries it is
// never sent to other hosts or injected again.
var InjectedMAC = [6]byte{0x02, 'p', 'm', 't', 'u', 'd'}

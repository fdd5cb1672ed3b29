package wire

import "encoding/binary"

// IPv4 is a packet that begins with an IPv4 header (RFC 791), at least IPv4Len bytes.
type IPv4 []byte

// HeaderLen returns the length that the header claims for itself, maybe below IPv4Len.
func (ip IPv4) HeaderLen() int { return 4 * int(ip[0]&0x0f) }

// Len returns the length of the packet that the header claims.
func (ip IPv4) Len() int { return int(binary.BigEndian.Uint16(ip[2:])) }

// TTL returns the TTL.
func (ip IPv4) TTL() uint8 { return ip[ipv4TTL] }

// Protocol returns the protocol of the payload.
func (ip IPv4) Protocol() Protocol { return Protocol(ip[9]) }

// Src returns the four bytes of the source address.
func (ip IPv4) Src() []byte { return ip[12:16] }

// Dst returns the four bytes of the destination address.
func (ip IPv4) Dst() []byte { return ip[16:20] }

// Payload returns what lies behind the header.
func (ip IPv4) Payload() Payload {
	word := binary.BigEndian.Uint16(ip[6:])
	return Payload{
		Protocol: ip.Protocol(), Offset: ip.HeaderLen(),
		FragmentOffset: 8 * int(word&0x1fff), MoreFragments: word&0x2000 != 0,
	}
}

package inject

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
)

// Lengths in bytes.
const (
	macLen     = 6
	ipv4MinLen = 20
	ipv6Len    = 40
)

// Offsets in IP headers (RFC 791, RFC 8200).
const (
	ipv4TTL      = 8
	ipv4Checksum = 10
	ipv6HopLimit = 7
)

// packetOf returns the IP packet in p without padding, or why there is none.
func packetOf(p *pipeline.Packet) ([]byte, pipeline.Reason) {
	if p.Network < 0 || p.Network >= len(p.Data) {
		return nil, NoPacket
	}
	ip := p.Data[p.Network:]
	var length int
	switch {
	case p.EtherType == pipeline.EtherTypeIPv4 && len(ip) >= ipv4MinLen && ip[0]>>4 == 4:
		length = int(binary.BigEndian.Uint16(ip[2:]))
		if length < ipv4MinLen {
			return nil, NoPacket
		}
	case p.EtherType == pipeline.EtherTypeIPv6 && len(ip) >= ipv6Len && ip[0]>>4 == 6:
		length = ipv6Len + int(binary.BigEndian.Uint16(ip[4:]))
	default:
		return nil, NoPacket
	}
	if length > len(ip) {
		return nil, Truncated
	}
	return ip[:length], pipeline.Pass
}

// framer makes frames of IP packets, in a buffer that is used again.
type framer struct{ buf []byte }

// frame returns the frame to send for an IP packet, valid until the next call. Its TTL or hop
// limit is at most ttl.
func (f *framer) frame(ip []byte, to [macLen]byte, ttl uint8) []byte {
	f.buf = append(f.buf[:0], to[:]...)
	f.buf = append(f.buf, pipeline.InjectedMAC[:]...)
	f.buf = binary.BigEndian.AppendUint16(f.buf, etherType(ip))
	header := len(f.buf)
	f.buf = append(f.buf, ip...)
	lowerTTL(f.buf[header:], ttl)
	return f.buf
}

// ttlOf returns the TTL or hop limit of an IP packet.
func ttlOf(ip []byte) uint8 {
	if ip[0]>>4 == 6 {
		return ip[ipv6HopLimit]
	}
	return ip[ipv4TTL]
}

func etherType(ip []byte) uint16 {
	if ip[0]>>4 == 4 {
		return pipeline.EtherTypeIPv4
	}
	return pipeline.EtherTypeIPv6
}

func lowerTTL(ip []byte, ttl uint8) {
	if ip[0]>>4 == 6 {
		ip[ipv6HopLimit] = min(ip[ipv6HopLimit], ttl)
		return
	}
	if ip[ipv4TTL] <= ttl {
		return
	}
	// RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). The TTL is the upper half of its word, and
	// a checksum that was wrong stays wrong.
	before := binary.BigEndian.Uint16(ip[ipv4TTL:])
	ip[ipv4TTL] = ttl
	after := binary.BigEndian.Uint16(ip[ipv4TTL:])
	sum := uint32(^binary.BigEndian.Uint16(ip[ipv4Checksum:])) + uint32(^before) + uint32(after)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(ip[ipv4Checksum:], ^uint16(sum))
}

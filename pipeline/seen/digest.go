package seen

import "encoding/binary"

// Header lengths in bytes (RFC 791, RFC 8200, RFC 792).
const (
	ipv4MinLen = 20
	ipv6Len    = 40
	icmpLen    = 8
)

// maxLen is the number of bytes of a packet that are looked at. Larger than any PTB
// (RFC 4443 section 3.2: 1,280 bytes), whose quote a router cuts.
const maxLen = 2048

// Packet returns the digest of an IP packet. It begins with the IP header; bytes behind the
// packet's end, as its header has it, do not count.
func (m *Memory) Packet(ip []byte) Digest {
	var b [maxLen]byte
	n := copy(b[:], ip)
	switch version := b[0] >> 4; {
	case version == 4 && n >= ipv4MinLen:
		n = until(n, int(binary.BigEndian.Uint16(b[2:])), ipv4MinLen)
		b[1] = 0            // DSCP and ECN
		b[8] = 0            // TTL
		b[10], b[11] = 0, 0 // header checksum
	case version == 6 && n >= ipv6Len:
		n = until(n, ipv6Len+int(binary.BigEndian.Uint16(b[4:])), ipv6Len)
		b[0], b[1] = 0x60, b[1]&0x0f // traffic class
		b[7] = 0                     // hop limit
	}
	return m.digest(b[:n])
}

// Message returns the digest of an ICMP message, which begins with the ICMP header.
func (m *Memory) Message(icmp []byte) Digest {
	var b [maxLen]byte
	n := copy(b[:], icmp)
	if n >= icmpLen {
		b[2], b[3] = 0, 0 // checksum, of ICMPv6 about the addresses too
	}
	return m.digest(b[:n])
}

// until returns where a packet of n bytes ends whose header claims length. A claim that
// can't be true is not believed.
func until(n, length, header int) int {
	if length < header || length > n {
		return n
	}
	return length
}

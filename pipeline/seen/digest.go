package seen

import "github.com/pmtud/pmtud/pipeline/wire"

// maxLen is the number of bytes of a packet that are looked at. Larger than any PTB
// (RFC 4443 section 3.2: 1,280 bytes), whose quote a router cuts.
const maxLen = 2048

// Packet returns the digest of an IP packet. It begins with the IP header; bytes behind the
// packet's end, as its header has it, do not count.
func (m *Memory) Packet(ip []byte) Digest {
	var b [maxLen]byte
	n := copy(b[:], ip)
	switch header := wire.ParseIP(b[:n]); header.Version {
	case 4:
		n = until(n, header.Len(), wire.IPv4Len)
		b[1] = 0            // DSCP and ECN
		b[8] = 0            // TTL
		b[10], b[11] = 0, 0 // header checksum
	case 6:
		n = until(n, header.Len(), wire.IPv6Len)
		b[0], b[1] = 0x60, b[1]&0x0f // traffic class
		b[7] = 0                     // hop limit
	}
	return m.digest(b[:n])
}

// Message returns the digest of an ICMP message, which begins with the ICMP header.
func (m *Memory) Message(icmp []byte) Digest {
	var b [maxLen]byte
	n := copy(b[:], icmp)
	if n >= wire.ICMPLen {
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

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
		if length := header.Len(); length >= wire.IPv4Len { // less can't be true
			n = min(n, length)
		}
		b[1] = 0        // DSCP and ECN
		b[8] = 0        // TTL
		clear(b[10:12]) // header checksum
	case 6:
		n = min(n, header.Len())
		b[0], b[1] = b[0]&0xf0, b[1]&0x0f // traffic class
		b[7] = 0                          // hop limit
	}
	return m.digest(b[:n])
}

// Message returns the digest of an ICMP message, which begins with the ICMP header.
func (m *Memory) Message(icmp []byte) Digest {
	var b [maxLen]byte
	n := copy(b[:], icmp)
	if n >= wire.ICMPLen {
		clear(b[2:4]) // checksum, of ICMPv6 about the addresses too
	}
	return m.digest(b[:n])
}

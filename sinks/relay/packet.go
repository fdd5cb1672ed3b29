package relay

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/sealed"
)

// Header lengths in bytes.
const (
	ipv4MinLen = 20
	ipv6Len    = 40
	icmpLen    = 8
)

// ipPacket returns the bytes of a PTB's IP packet, without padding, or why it can't be sent.
func ipPacket(p *pipeline.Packet) ([]byte, pipeline.Reason) {
	if p.PTB == 0 || p.Data[p.Network]>>4 != p.PTB || p.ICMP < p.Network+ipv4MinLen {
		return nil, NotPTB
	}
	ip := p.Data[p.Network:]
	n, ttl := length(ip)
	switch {
	case n < p.ICMP-p.Network+icmpLen:
		return nil, NotPTB
	case n > len(ip):
		return nil, Truncated
	case ttl <= 1:
		return nil, TTLExpired
	case n > sealed.MaxPacket:
		return nil, TooLong
	}
	return ip[:n], pipeline.Pass
}

// length returns the length of an IP packet, as its header has it, and its TTL or hop limit.
func length(ip []byte) (n int, ttl uint8) {
	if ip[0]>>4 == 6 {
		return ipv6Len + int(binary.BigEndian.Uint16(ip[4:])), ip[7]
	}
	return int(binary.BigEndian.Uint16(ip[2:])), ip[8]
}

// lowerTTL does what a router does: the TTL or hop limit is one less. The IPv4 header
// checksum changes with it as in Linux (ip_decrease_ttl), so a wrong one stays wrong.
func lowerTTL(ip []byte) {
	if ip[0]>>4 == 6 {
		ip[7]--
		return
	}
	ip[8]--
	sum := uint32(binary.BigEndian.Uint16(ip[10:])) + 0x100
	if sum >= 0xffff {
		sum++
	}
	binary.BigEndian.PutUint16(ip[10:], uint16(sum))
}

package peers

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
)

// Header lengths in octets.
const (
	ipv4MinLen = 20
	ipv6Len    = 40
	icmpLen    = 8
)

// unfit returns why p can't be sent on whoever the peers are, or Pass.
func unfit(p *pipeline.Packet) pipeline.Reason {
	switch {
	case p.PTB == 0 || !soundHeader(p):
		return NotPTB
	case p.Truncated() || len(p.Data) < p.ICMP+icmpLen:
		return Truncated
	}
	return pipeline.Pass
}

// soundHeader reports whether a PTB's IP header is of the version that the link
// layer announces and, for IPv4, no shorter than it must be.
func soundHeader(p *pipeline.Packet) bool {
	return p.Data[p.Network]>>4 == p.PTB && p.ICMP >= p.Network+ipv4MinLen
}

// message returns the octets from the ICMP header to the end of the packet; see
// the package's documentation for lengths that lie.
func message(p *pipeline.Packet) []byte {
	end := p.Network + packetLength(p)
	if end < p.ICMP+icmpLen || end > len(p.Data) {
		end = len(p.Data)
	}
	return p.Data[p.ICMP:end]
}

// packetLength returns the length that the IP header claims for the whole packet.
func packetLength(p *pipeline.Packet) int {
	ip := p.Data[p.Network:]
	if p.PTB == 6 {
		return ipv6Len + int(binary.BigEndian.Uint16(ip[4:]))
	}
	return int(binary.BigEndian.Uint16(ip[2:]))
}

// hopLimit returns the packet's TTL or hop limit.
func hopLimit(p *pipeline.Packet) uint8 {
	if p.PTB == 6 {
		return p.Data[p.Network+7]
	}
	return p.Data[p.Network+8]
}

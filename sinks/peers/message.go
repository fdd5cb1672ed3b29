package peers

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// unfit returns why p can't be sent on whoever the peers are, or Pass.
func unfit(p *pipeline.Packet) pipeline.Reason {
	switch {
	case p.PTB == 0 || !soundHeader(p):
		return NotPTB
	case p.Truncated() || len(p.Data) < p.ICMP+wire.ICMPLen:
		return Truncated
	}
	return pipeline.Pass
}

// soundHeader reports whether a PTB's IP header is of the version that the link
// layer announces and, for IPv4, no shorter than it must be.
func soundHeader(p *pipeline.Packet) bool {
	return wire.Version(p.Data[p.Network:]) == p.PTB && p.ICMP >= p.Network+wire.IPv4Len
}

// message returns the bytes from the ICMP header to the end of the packet; see
// the package's documentation for lengths that lie.
func message(p *pipeline.Packet) []byte {
	end := p.Network + p.IP().Len()
	if end < p.ICMP+wire.ICMPLen || end > len(p.Data) {
		end = len(p.Data)
	}
	return p.Data[p.ICMP:end]
}

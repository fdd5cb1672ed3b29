package whole

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// ipPacket returns a PTB's IP packet, without padding, or why it can't be sent.
func ipPacket(p *pipeline.Packet) (wire.IP, pipeline.Reason) {
	ip := p.IP()
	if wire.Version(ip.Bytes) != p.PTB || p.ICMP < p.Network+wire.IPv4Len { // -1 without a PTB
		return wire.IP{}, NotPTB
	}
	n := ip.Len()
	switch {
	case n < p.ICMP-p.Network+wire.ICMPLen:
		return wire.IP{}, NotPTB
	case n > len(ip.Bytes):
		return wire.IP{}, Truncated
	case ip.TTL() <= 1:
		return wire.IP{}, TTLExpired
	case n > sealed.MaxPacket:
		return wire.IP{}, TooLong
	}
	ip.Bytes = ip.Bytes[:n]
	return ip, pipeline.Pass
}

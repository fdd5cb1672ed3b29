package inject

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// port tells how frames get into the device now. It does not change.
type port struct {
	index  int // of the interface to send on
	mac    [macLen]byte
	maxTTL [2]uint8 // of IPv4 and IPv6

	unusable pipeline.Reason // why nothing can be sent, Pass if it can
}

// ttl returns the highest TTL for an IP packet.
func (p *port) ttl(ip wire.IP) uint8 {
	if ip.Version == 4 {
		return p.maxTTL[0]
	}
	return p.maxTTL[1]
}

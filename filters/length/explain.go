package length

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain tells the lengths that count: see [pipeline.Explainer].
func (filter) Explain(p *pipeline.Packet) string {
	if p.Network < 0 {
		return "no IP header"
	}
	ip := p.Data[p.Network:]
	switch p.EtherType {
	case pipeline.EtherTypeIPv4:
		header := 0
		if len(ip) > 0 {
			header = 4 * int(ip[0]&0x0f)
		}
		return fmt.Sprintf("%d octets from the IP header on, at least %d; header of %d, at least 20", len(ip), minIPv4, header)
	case pipeline.EtherTypeIPv6:
		return fmt.Sprintf("%d octets from the IP header on, at least %d", len(ip), minIPv6)
	}
	return fmt.Sprintf("EtherType %#04x", p.EtherType)
}

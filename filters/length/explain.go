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
		return fmt.Sprintf("%s, at least %d; header of %d, at least 20", lengths(p), minIPv4, header)
	case pipeline.EtherTypeIPv6:
		return fmt.Sprintf("%s, at least %d", lengths(p), minIPv6)
	}
	return fmt.Sprintf("EtherType %#04x", p.EtherType)
}

// lengths tells how many octets the filter counts, and how many of them lie behind
// the IP packet's end.
func lengths(p *pipeline.Packet) string {
	text := fmt.Sprintf("%d bytes from the IP header on", len(p.Data)-p.Network)
	if behind := len(p.Data) - p.IPEnd(); behind > 0 {
		text += fmt.Sprintf(" (%d of them behind the IP packet's end)", behind)
	}
	return text
}

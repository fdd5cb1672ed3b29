package length

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Explain shows the lengths that count: see [pipeline.Explainer].
func (*filter) Explain(p *pipeline.Packet) string {
	if p.Network < 0 {
		return "no IP header"
	}
	switch p.Version() {
	case 4:
		header, _ := wire.HeaderLen(4, p.Data[p.Network:])
		return fmt.Sprintf("%s, at least %d; header of %d, at least %d", lengths(p), minIPv4, header, wire.IPv4Len)
	case 6:
		return fmt.Sprintf("%s, at least %d", lengths(p), minIPv6)
	}
	return fmt.Sprintf("EtherType %#04x", p.EtherType)
}

// lengths says how many bytes the filter counts, and how many of them lie behind
// the IP packet's end.
func lengths(p *pipeline.Packet) string {
	text := fmt.Sprintf("%d bytes from the IP header on", len(p.Data)-p.Network)
	ip := p.IP()
	if behind := len(p.Data) - p.Network - ip.Len(); ip.Version != 0 && behind > 0 {
		text += fmt.Sprintf(" (%d of them beyond the end of the IP packet)", behind)
	}
	return text
}

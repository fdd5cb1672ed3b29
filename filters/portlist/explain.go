package portlist

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows the protocol and the port that are read: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	q, ok := p.Quoted()
	switch {
	case !ok:
		return fmt.Sprintf("no IP header in the %d bytes quoted", len(p.Quote()))
	case f[q.Protocol] == nil:
		return fmt.Sprintf("quoted protocol %v, not listed", q.Protocol)
	case !q.HasPorts:
		return fmt.Sprintf("no port in the %d bytes quoted", len(p.Quote()))
	}
	text := fmt.Sprintf("quoted source port %d/%v", q.SrcPort, q.Protocol)
	return text + listed(f[q.Protocol].has(q.SrcPort))
}

// Explain shows the port that is read: see [pipeline.Explainer].
func (f *original) Explain(p *pipeline.Packet) string {
	quote := behindICMP(p)
	port, reason := readPort(quote)
	if reason != pipeline.Pass {
		return fmt.Sprintf("no port in the %d bytes after the ICMP header", len(quote))
	}
	text := fmt.Sprintf("quoted source port %d", port)
	if q, _ := p.Quoted(); !q.HasPorts || q.SrcPort != port {
		text = fmt.Sprintf("%d where the original daemon reads the source port, although it is not one", port)
	}
	return text + listed(f.has(port))
}

func listed(yes bool) string {
	if yes {
		return ", listed"
	}
	return ", not listed"
}

package flow

import (
	"fmt"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain names the flow and where it is looked up: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	q, ok := p.Quoted()
	switch {
	case !ok:
		return "nothing is quoted, so there is no flow"
	case !tracked(q.Protocol):
		return fmt.Sprintf("quoted protocol %d, which can't be looked up", q.Protocol)
	case !q.HasPorts:
		return "no quoted ports, so there is no flow"
	}
	text := fmt.Sprintf("flow %v to %v, looked up in %v",
		netip.AddrPortFrom(q.Src, q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort), f.Tables)
	if f.tables == nil {
		return text + " by the daemon; here all pass"
	}
	return text
}

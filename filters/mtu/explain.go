package mtu

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows the MTU and what is allowed: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	mtu, ok := p.MTU()
	if !ok {
		return "no next-hop MTU"
	}
	strict := ""
	if f.Strict {
		strict = fmt.Sprintf(", strictly %d to %d", strictMin, strictMax)
	}
	return fmt.Sprintf("next-hop MTU %d, allowed %d to %d%s", mtu, f.Min, f.Max, strict)
}

package sourcelist

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows how the router's address is listed: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	addr := p.Router()
	return fmt.Sprintf("router %v: denied %v, allowed %v", addr, f.deny.Has(addr), f.allow == nil || f.allow.Has(addr))
}

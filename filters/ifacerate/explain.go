package ifacerate

import (
	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows the credit: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	return "credit for " + f.rate.Describe(f.bucket, p.Clock)
}

// Explain shows the credit, and in a shortage what a packet of this key needs.
func (f *fairFilter) Explain(p *pipeline.Packet) string {
	return f.by.Describe(p) + ": " + f.limiter.Describe(f.key(p), p.Clock)
}

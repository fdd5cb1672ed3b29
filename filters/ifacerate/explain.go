package ifacerate

import (
	"github.com/pmtud/pmtud/pipeline"
)

// Explain tells the credit: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	return "credit for " + f.rate.Describe(f.bucket, p.Clock)
}

package srcrate

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// Explain tells the router's credit: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	_, bucket, found := f.buckets.Find(p.RouterKey())
	if !found {
		bucket = limit.Full
	}
	return fmt.Sprintf("%v has credit for %s", p.Router(), f.rate.Describe(bucket, p.Clock))
}

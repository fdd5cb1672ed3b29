package srcrate

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// Explain shows the source's credit: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	_, bucket, found := f.buckets.Find(f.source.Key(p))
	if !found {
		bucket = limit.Full
	}
	return fmt.Sprintf("%s has credit for %s", f.source.Describe(p), f.rate.Describe(bucket, p.Clock))
}

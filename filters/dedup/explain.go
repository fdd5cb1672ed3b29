package dedup

import (
	"fmt"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows how many copies have passed: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	if p.PTB != 0 && !p.Usable() {
		return "quotes too little to be of use to a receiver"
	}
	copies := 0
	if _, s, known := f.slots.Find(f.news.Key(p)); known {
		for _, t := range f.passed(s) {
			if f.within(t, p.Clock) {
				copies++
			}
		}
	}
	return fmt.Sprintf("%s passed %d of %d times in the last %v", f.news.Describe(p), copies, f.copies, time.Duration(f.window))
}

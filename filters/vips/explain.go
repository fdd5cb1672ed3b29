package vips

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows the quoted source and where it is looked up: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	q, ok := p.Quoted()
	if !ok {
		return "no quoted source"
	}
	text := fmt.Sprintf("quoted source %v: in prefixes %v", q.Src, f.listed.Has(q.Src))
	if f.from == "" {
		return text
	}
	found := f.found.Load()
	if found == nil {
		return text + fmt.Sprintf("; the addresses of %s are not known, so all pass", f.from)
	}
	return text + fmt.Sprintf(", on %s %v", f.from, found.set.Has(q.Src))
}

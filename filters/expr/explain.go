package expr

import (
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows the fields that the expression asks for: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	if len(f.fields) == 0 {
		return "asks for no field"
	}
	var v view
	v.read(p, f.quotes)
	var shown []string
	for _, field := range f.fields {
		shown = append(shown, field.name+" "+field.show(&v))
	}
	return strings.Join(shown, ", ")
}

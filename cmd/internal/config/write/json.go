package write

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

// json writes a stage a line.
func (w *writer) json(d *Document) {
	w.WriteString("{\n")
	for _, s := range d.settings {
		fmt.Fprintf(w, "  %s,\n", s.pair(syntax.JSON))
	}
	w.WriteString("  \"pipelines\": {")
	for i, p := range d.pipelines {
		w.next(i, 2)
		fmt.Fprintf(w, "%s: {", syntax.JSON.Key(p.name))
		lists := 0
		for _, list := range []struct {
			key    string
			stages []stage
		}{{"sources", p.sources}, {"filters", p.filters}, {"sinks", p.sinks}} {
			if len(list.stages) > 0 {
				w.next(lists, 3)
				w.jsonStages(3, list.key, list.stages)
				lists++
			}
		}
		w.end("}", lists, 2)
	}
	w.end("}", len(d.pipelines), 1)
	w.WriteString("\n}\n")
}

// next begins the line of an element.
func (w *writer) next(index, depth int) {
	if index > 0 {
		w.WriteByte(',')
	}
	w.WriteString("\n" + strings.Repeat("  ", depth))
}

// end ends a list or an object of n elements.
func (w *writer) end(bracket string, n, depth int) {
	if n > 0 {
		w.WriteString("\n" + strings.Repeat("  ", depth))
	}
	w.WriteString(bracket)
}

func (w *writer) jsonStages(depth int, key string, stages []stage) {
	fmt.Fprintf(w, "%q: [", key)
	for i, s := range stages {
		w.next(i, depth+1)
		text := inline(syntax.JSON, s.settings)
		if len(s.filters) > 0 {
			w.WriteString(strings.TrimSuffix(text, "}") + ", ")
			w.jsonStages(depth+1, "filters", s.filters)
			text = "}"
		}
		w.WriteString(text)
	}
	w.end("]", len(stages), depth)
}

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
		w.line(1, "%s,", s.pair(syntax.JSON))
	}
	w.WriteString(`  "pipelines": {`)
	for i, p := range d.pipelines {
		w.next(i, 2)
		w.WriteString(syntax.JSON.Key(p.name) + ": {")
		lists := 0
		for _, l := range p.lists {
			if len(l.stages) > 0 {
				w.next(lists, 3)
				w.jsonStages(3, l)
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

func (w *writer) jsonStages(depth int, l list) {
	fmt.Fprintf(w, "%q: [", l.name)
	for i, s := range l.stages {
		w.next(i, depth+1)
		text := inline(syntax.JSON, s.settings)
		if len(s.filters.stages) > 0 {
			w.WriteString(strings.TrimSuffix(text, "}") + ", ")
			w.jsonStages(depth+1, s.filters)
			text = "}"
		}
		w.WriteString(text)
	}
	w.end("]", len(l.stages), depth)
}

package write

import "github.com/pmtud/pmtud/cmd/internal/config/syntax"

// json writes a value, with a line for each setting of a section and for each stage.
func (w *writer) json(depth int, value any) {
	switch value := value.(type) {
	case section:
		w.elements(depth, "{}", len(value), func(i int) { w.jsonLine(depth+1, value[i]) })
	case stages:
		w.elements(depth, "[]", len(value), func(i int) { w.jsonStage(depth+1, value[i]) })
	default:
		w.WriteString(syntax.JSON.Value(value))
	}
}

func (w *writer) jsonLine(depth int, l line) {
	w.WriteString(syntax.JSON.Key(l.name) + syntax.JSON.Is)
	w.json(depth, l.value)
}

func (w *writer) jsonStage(depth int, settings section) {
	w.WriteByte('{')
	for i, l := range settings {
		if i > 0 {
			w.WriteString(", ")
		}
		w.jsonLine(depth, l)
	}
	w.WriteByte('}')
}

// elements writes n elements in brackets, each on a line of its own.
func (w *writer) elements(depth int, brackets string, n int, write func(i int)) {
	w.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('\n')
		w.indent(depth + 1)
		write(i)
	}
	if n > 0 {
		w.WriteByte('\n')
		w.indent(depth)
	}
	w.WriteByte(brackets[1])
}

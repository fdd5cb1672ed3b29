package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

var jsonSyntax = syntax{key: jsonText, text: jsonText, number: jsonNumber, is: ": "}

func jsonText(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string into memory can't fail
	return strings.TrimSuffix(b.String(), "\n")
}

func jsonNumber(n Number) string {
	text, _ := n.MarshalJSON() // neither can a number
	return string(text)
}

func marshalJSON(f *File) ([]byte, error) {
	w := jsonWriter{}
	w.text.WriteString("{\n")
	for _, s := range f.Settings {
		value, err := jsonSyntax.value(s.Value)
		w.keep(err)
		fmt.Fprintf(&w.text, "  %s: %s,\n", jsonText(s.Name), value)
	}
	w.text.WriteString("  \"pipelines\": {")
	for i, p := range f.Pipelines {
		w.next(i, 2)
		fmt.Fprintf(&w.text, "%s: {", jsonText(p.Name))
		lists := 0
		for _, list := range []struct {
			key    string
			stages []Stage
		}{{"sources", p.Sources}, {"filters", p.Filters}, {"sinks", p.Sinks}} {
			if len(list.stages) > 0 {
				w.next(lists, 3)
				w.stages(3, list.key, list.stages)
				lists++
			}
		}
		w.end("}", lists, 2)
	}
	w.end("}", len(f.Pipelines), 1)
	w.text.WriteString("\n}\n")
	return []byte(w.text.String()), w.err
}

// jsonWriter writes a stage a line. It keeps the first error.
type jsonWriter struct {
	text strings.Builder
	err  error
}

func (w *jsonWriter) keep(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

// next begins the line of an element.
func (w *jsonWriter) next(index, depth int) {
	if index > 0 {
		w.text.WriteByte(',')
	}
	w.text.WriteString("\n" + strings.Repeat("  ", depth))
}

// end ends a list or an object of n elements.
func (w *jsonWriter) end(bracket string, n, depth int) {
	if n > 0 {
		w.text.WriteString("\n" + strings.Repeat("  ", depth))
	}
	w.text.WriteString(bracket)
}

func (w *jsonWriter) stages(depth int, key string, stages []Stage) {
	fmt.Fprintf(&w.text, "%s: [", jsonText(key))
	for i, s := range stages {
		w.next(i, depth+1)
		pairs, err := jsonSyntax.pairs(s)
		w.keep(err)
		var items []string
		for _, p := range pairs {
			items = append(items, p.key+jsonSyntax.is+p.value)
		}
		w.text.WriteString("{" + strings.Join(items, ", "))
		if len(s.Filters) > 0 {
			w.text.WriteString(", ")
			w.stages(depth+1, "filters", s.Filters)
		}
		w.text.WriteString("}")
	}
	w.end("]", len(stages), depth)
}

package config

import (
	"fmt"
	"regexp"
	"strings"
)

var yamlSyntax = syntax{key: yamlText, text: yamlText, number: yamlNumber, is: ": "}

// plainText matches text that needs no quotes, but for reserved words.
var plainText = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*$`)

// reserved matches the words that some version of YAML does not take for text.
var reserved = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)

func yamlText(text string) string {
	if plainText.MatchString(text) && !reserved.MatchString(text) {
		return text
	}
	return quote(text)
}

func yamlNumber(n Number) string {
	digits := strings.TrimLeft(string(n), "+-")
	if digits == "inf" || digits == "nan" {
		sign := strings.TrimSuffix(string(n), digits)
		if digits == "nan" {
			sign = "" // YAML has but one
		}
		return sign + "." + digits
	}
	return string(n)
}

func marshalYAML(f *File) ([]byte, error) {
	w := yamlWriter{}
	for _, s := range f.Settings {
		if section, ok := s.Value.(Table); ok && len(section) > 0 {
			w.line(0, "%s:", yamlText(s.Name))
			w.settings(1, section)
			continue
		}
		w.settings(0, []Setting{s})
	}
	w.line(0, "pipelines:")
	for _, p := range f.Pipelines {
		w.line(1, "%s:", yamlText(p.Name))
		w.stages(2, "sources", p.Sources)
		w.stages(2, "filters", p.Filters)
		w.stages(2, "sinks", p.Sinks)
	}
	return []byte(w.text.String()), w.err
}

// yamlWriter writes lines at depths of indentation. It keeps the first error.
type yamlWriter struct {
	text strings.Builder
	err  error
}

func (w *yamlWriter) line(depth int, format string, args ...any) {
	w.text.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&w.text, format, args...)
	w.text.WriteByte('\n')
}

func (w *yamlWriter) settings(depth int, settings []Setting) {
	pairs, err := yamlSyntax.settings(settings)
	if err != nil && w.err == nil {
		w.err = err
	}
	for _, p := range pairs {
		for _, line := range yamlSyntax.lines(p) {
			w.line(depth, "%s", line)
		}
	}
}

func (w *yamlWriter) stages(depth int, key string, stages []Stage) {
	if len(stages) == 0 {
		return
	}
	w.line(depth, "%s:", key)
	for _, s := range stages {
		pairs, err := yamlSyntax.pairs(s)
		if err != nil && w.err == nil {
			w.err = err
		}
		for _, text := range s.Remarks.Above {
			w.line(depth+1, "%s", comment(text))
		}
		pairs[0].Above = nil // they stand before the dash
		dash := "- "
		for _, p := range pairs {
			for _, line := range yamlSyntax.lines(p) {
				w.line(depth+1, "%s%s", dash, line)
				dash = "  "
			}
		}
		w.stages(depth+2, "filters", s.Filters)
	}
}

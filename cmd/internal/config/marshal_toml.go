package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var tomlSyntax = syntax{key: tomlKey, text: quote, number: tomlNumber, is: " = "}

func tomlKey(key string) string {
	if bareKey.MatchString(key) {
		return key
	}
	return quote(key)
}

// tomlPlain matches the numbers that TOML writes as YAML does.
var tomlPlain = regexp.MustCompile(`^[-+]?(inf|nan|(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)$`)

// tomlNumber writes numbers that TOML has no such form for, for example .5 or
// +0x10, in another.
func tomlNumber(n Number) string {
	if tomlPlain.MatchString(string(n)) {
		return string(n)
	}
	if v, err := n.unsigned(64); err == nil {
		return strconv.FormatUint(v, 10)
	}
	if v, err := n.signed(64); err == nil {
		return strconv.FormatInt(v, 10)
	}
	v, _ := n.float(64)
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func marshalTOML(f *File) ([]byte, error) {
	w := tomlWriter{}
	lines, sections := sections(f.Settings)
	w.pairs(tomlSyntax.settings(lines))
	for _, s := range sections {
		w.header("[%s]", tomlKey(s.Name))
		w.pairs(tomlSyntax.settings(s.Value.(Table)))
	}
	for _, p := range f.Pipelines {
		at := "pipelines." + tomlKey(p.Name)
		if len(p.Sources)+len(p.Filters)+len(p.Sinks) == 0 {
			w.header("[%s]", at)
		}
		w.stages(at+".sources", p.Sources)
		w.stages(at+".filters", p.Filters)
		w.stages(at+".sinks", p.Sinks)
	}
	return []byte(w.text.String()), w.err
}

// sections returns the settings that stand in a line each, and those that begin a
// section, which TOML wants after the others.
func sections(settings []Setting) (lines, sections []Setting) {
	for _, s := range settings {
		if t, ok := s.Value.(Table); ok && len(t) > 0 {
			sections = append(sections, s)
			continue
		}
		lines = append(lines, s)
	}
	return lines, sections
}

// tomlWriter writes stages as arrays of tables. It keeps the first error.
type tomlWriter struct {
	text strings.Builder
	err  error
}

func (w *tomlWriter) header(format, at string) {
	if w.text.Len() > 0 {
		w.text.WriteByte('\n')
	}
	fmt.Fprintf(&w.text, format+"\n", at)
}

func (w *tomlWriter) pairs(pairs []pair, err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
	for _, p := range pairs {
		w.text.WriteString(strings.Join(tomlSyntax.lines(p), "\n") + "\n")
	}
}

func (w *tomlWriter) stages(at string, stages []Stage) {
	for _, s := range stages {
		w.header("[[%s]]", at)
		w.pairs(tomlSyntax.pairs(s))
		w.stages(at+".filters", s.Filters)
	}
}

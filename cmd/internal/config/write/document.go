// Package write writes configurations as YAML, TOML or JSON: as they were declared, with
// all that may be set in comments, or what they come to.
package write

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

// Document is a configuration to be written, with comments.
type Document struct {
	settings  []line
	pipelines []chain
}

// chain is a pipeline.
type chain struct {
	name  string
	lists []list
}

// list is a list of stages, which may be empty.
type list struct {
	name   string
	stages []stage
}

// stage is a source, filter or sink.
type stage struct {
	settings []line // the first is its type
	filters  list
}

// line is a setting: a name with its value.
type line struct {
	name    string
	value   any
	section []line // instead of a value
	remarks
}

// remarks are comments around a setting.
type remarks struct {
	above  []string // lines before it
	behind string   // at the end of its line
	off    bool     // it is itself a comment
}

// shown returns what is written of a stage: remarks at its type, and its settings.
type shown func(config.Stage) (remarks, []line)

// Declared returns what f declares.
func Declared(f *config.File) *Document {
	return document(f, written(f.Settings), func(s config.Stage) (remarks, []line) { return remarks{}, written(s.Settings) })
}

func document(f *config.File, settings []line, of shown) *Document {
	d := &Document{settings: settings}
	for _, p := range f.Pipelines {
		d.pipelines = append(d.pipelines, chain{p.Name, []list{
			of.list("sources", p.Sources), of.list("filters", p.Filters), of.list("sinks", p.Sinks),
		}})
	}
	return d
}

func (of shown) list(name string, stages []config.Stage) list {
	l := list{name: name}
	for _, s := range stages {
		at, settings := of(s)
		head := []line{{name: "type", value: s.Type, remarks: at}}
		if s.Name != "" {
			head = append(head, line{name: "name", value: s.Name})
		}
		l.stages = append(l.stages, stage{append(head, settings...), of.list("filters", s.Filters)})
	}
	return l
}

func written(settings config.Table) (all []line) {
	for _, s := range settings {
		all = append(all, line{name: s.Name, value: s.Value, section: written(s.Table())})
	}
	return all
}

// Marshal writes d as "yaml", "toml" or "json", so that [config.Load] reads the same from
// it. JSON has no comments, so it leaves out the remarks.
func (d *Document) Marshal(format string) ([]byte, error) {
	var w writer
	switch format {
	case "yaml":
		w.yaml(d)
	case "toml":
		w.toml(d)
	case "json":
		w.json(d)
	default:
		return nil, fmt.Errorf("unknown format %q: must be yaml, toml or json", format)
	}
	return []byte(w.String()), nil
}

type writer struct{ strings.Builder }

// line writes a line at a depth of indentation.
func (w *writer) line(depth int, format string, args ...any) {
	w.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// settings writes settings, one below the other.
func (w *writer) settings(depth int, n syntax.Notation, settings []line) {
	for _, s := range settings {
		for _, text := range s.above {
			w.line(depth, "%s", comment(text))
		}
		w.line(depth, "%s", s.text(n))
	}
}

// text returns the setting in one line, with what is remarked behind it.
func (s line) text(n syntax.Notation) string {
	text := s.pair(n)
	if s.off {
		text = "# " + text
	}
	if s.behind != "" {
		text += "  " + comment(s.behind)
	}
	return text
}

func (s line) pair(n syntax.Notation) string {
	if s.section == nil {
		return n.Pair(s.name, s.value)
	}
	return n.Key(s.name) + n.Is + inline(n, s.section)
}

// inline returns settings as a table in one line.
func inline(n syntax.Notation, settings []line) string {
	var items []string
	for _, s := range settings {
		items = append(items, s.pair(n))
	}
	return "{" + strings.Join(items, ", ") + "}"
}

// comment writes text, in which there may be names of files, in one line.
func comment(text string) string {
	return "# " + strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Hash returns a short text that differs for files which differ in more than
// comments and layout.
func Hash(f *config.File) string {
	var w writer
	w.yaml(Declared(f))
	sum := sha256.Sum256([]byte(w.String()))
	return fmt.Sprintf("%x", sum[:8])
}

// Package write writes configurations as YAML, TOML or JSON: as they were declared, with
// all that may be set in comments, or what they come to.
package write

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

// Document is a configuration to be written, with comments.
type Document struct {
	settings  section
	pipelines line // a section of them, each a section of stages
}

// line is a name with its value: one of a setting, a section, or stages.
type line struct {
	name  string
	value any
	remarks
}

type (
	// section is made of lines of its own.
	section []line
	// stages is a list of them. Each begins with its type.
	stages []section
)

// remarks are comments around a line.
type remarks struct {
	above  []string // lines before it
	behind string   // at its end
	off    bool     // it is itself a comment
}

// shown returns what is written of a stage: remarks at its type, and its settings.
type shown func(config.Stage) (remarks, section)

// Declared returns what f declares.
func Declared(f *config.File) *Document {
	return document(f, written(f.Settings), func(s config.Stage) (remarks, section) { return remarks{}, written(s.Settings) })
}

func document(f *config.File, settings section, of shown) *Document {
	pipelines := section{}
	for _, p := range f.Pipelines {
		lists := slices.Concat(of.list("sources", p.Sources), of.list("filters", p.Filters), of.list("sinks", p.Sinks))
		pipelines = append(pipelines, line{name: p.Name, value: lists})
	}
	return &Document{settings, line{name: "pipelines", value: pipelines}}
}

// list returns stages under a name, or nothing if there are none.
func (of shown) list(name string, declared []config.Stage) section {
	if len(declared) == 0 {
		return nil
	}
	var all stages
	for _, s := range declared {
		at, settings := of(s)
		head := section{{name: "type", value: s.Type, remarks: at}}
		if s.Name != "" {
			head = append(head, line{name: "name", value: s.Name})
		}
		all = append(all, slices.Concat(head, settings.inline(), of.list("filters", s.Filters)))
	}
	return section{{name: name, value: all}}
}

func written(settings config.Table) (all section) {
	for _, s := range settings {
		l := line{name: s.Name, value: s.Value}
		if table := s.Table(); len(table) > 0 {
			l.value = written(table)
		}
		all = append(all, l)
	}
	return all
}

// inline returns the lines with sections as values, which are written in one line.
func (s section) inline() section {
	all := slices.Clone(s)
	for i, l := range s {
		if inside, ok := l.value.(section); ok {
			all[i].value = inside.table()
		}
	}
	return all
}

func (s section) table() (t config.Table) {
	for _, l := range s.inline() {
		t = append(t, &config.Setting{Name: l.name, Value: l.value})
	}
	return t
}

// Marshal writes d as "yaml", "toml" or "json", so that [config.Load] reads the same from
// it. JSON has no comments, so it leaves out the remarks.
func (d *Document) Marshal(format string) ([]byte, error) {
	var w writer
	switch format {
	case "yaml":
		w.yaml(0, d.lines())
	case "toml":
		w.toml("", d.lines())
	case "json":
		w.json(0, append(d.settings.inline(), d.pipelines))
		w.WriteByte('\n')
	default:
		return nil, fmt.Errorf("unknown format %q: must be yaml, toml or json", format)
	}
	return []byte(w.String()), nil
}

func (d *Document) lines() section { return append(slices.Clip(d.settings), d.pipelines) }

type writer struct{ strings.Builder }

// line writes a line at a depth of indentation.
func (w *writer) line(depth int, format string, args ...any) {
	w.indent(depth)
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

func (w *writer) indent(depth int) { w.WriteString(strings.Repeat("  ", depth)) }

// comments writes lines of comments.
func (w *writer) comments(depth int, texts []string) {
	for _, text := range texts {
		w.line(depth, "%s", comment(text))
	}
}

// text returns a line with a value, and what is remarked behind it.
func (l line) text(n syntax.Notation) string {
	text := n.Pair(l.name, l.value)
	if l.off {
		text = "# " + text
	}
	if l.behind != "" {
		text += "  " + comment(l.behind)
	}
	return text
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
	w.yaml(0, Declared(f).lines())
	sum := sha256.Sum256([]byte(w.String()))
	return fmt.Sprintf("%x", sum[:8])
}

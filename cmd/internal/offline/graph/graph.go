// Package graph draws pipelines: as text for a terminal, for Mermaid (as code hosts
// show it) and for Graphviz. Names and values are the user's, so each form writes
// them so that nothing in them is taken for a command of its own.
package graph

import (
	"cmp"
	"fmt"
	"io"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Formats of graphs.
const (
	Text    = "text"
	Mermaid = "mermaid"
	DOT     = "dot"
)

// Write draws the pipelines of a file.
func Write(out io.Writer, format string, f *config.File) error {
	var drawings []drawing
	for i, p := range f.Pipelines {
		drawings = append(drawings, draw(fmt.Sprintf("p%d", i+1), p))
	}
	var text string
	switch format {
	case Text:
		text = textOf(drawings)
	case Mermaid:
		text = mermaidOf(drawings)
	case DOT:
		text = dotOf(drawings)
	default:
		return fmt.Errorf("draw graph: unknown format %q", format)
	}
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("draw graph: %w", err)
	}
	return nil
}

// drawing is a pipeline: sources, then the filters one after another, then each sink
// behind filters of its own.
type drawing struct {
	id, name         string
	sources, filters []node
	sinks            []branch
}

// branch is a sink with its filters.
type branch struct {
	filters []node
	sink    node
}

// node is a stage.
type node struct {
	id       string
	kind     string // source, filter or sink
	title    string // its name, and its type if that is another
	settings []string
}

func draw(id string, p config.Pipeline) drawing {
	d := drawing{id: id, name: p.Name, sources: nodes(id, "source", p.Sources), filters: nodes(id, "filter", p.Filters)}
	for i, s := range nodes(id, "sink", p.Sinks) {
		d.sinks = append(d.sinks, branch{nodes(s.id, "filter", p.Sinks[i].Filters), s})
	}
	return d
}

func nodes(owner, kind string, stages []config.Stage) []node {
	var all []node
	for i, s := range stages {
		n := node{id: fmt.Sprintf("%s_%s%d", owner, kind, i+1), kind: kind, title: cmp.Or(s.Name, s.Type)}
		if s.Name != "" && s.Name != s.Type {
			n.title += " (" + s.Type + ")"
		}
		for _, written := range s.Settings {
			value := short(written.Line())
			if s.IsSecret(written.Name) {
				value = "hidden"
			}
			n.settings = append(n.settings, written.Name+"="+value)
		}
		all = append(all, n)
	}
	return all
}

// short cuts long values, such as lists of many prefixes, and replaces what a terminal
// would not print.
func short(text string) string {
	const most = 60
	runes := []rune(text)
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = unicode.ReplacementChar
		}
	}
	return readable.Cut(string(runes), most)
}

// edge leads from one stage to the next.
type edge struct{ from, to string }

func (d drawing) edges() (edges []edge) {
	var ends []string // of what was drawn so far
	for _, s := range d.sources {
		ends = append(ends, s.id)
	}
	join := func(ends []string, nodes []node) []string {
		for _, n := range nodes {
			for _, end := range ends {
				edges = append(edges, edge{end, n.id})
			}
			ends = []string{n.id}
		}
		return ends
	}
	ends = join(ends, d.filters)
	for _, b := range d.sinks {
		join(join(ends, b.filters), []node{b.sink})
	}
	return edges
}

// nodes returns all stages in the order of the file.
func (d drawing) nodes() []node {
	all := append(append([]node{}, d.sources...), d.filters...)
	for _, b := range d.sinks {
		all = append(append(all, b.filters...), b.sink)
	}
	return all
}

package write

import (
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

func (w *writer) toml(d *Document) {
	for _, s := range d.settings {
		if s.section == nil {
			w.settings(0, syntax.TOML, []line{s})
		}
	}
	for _, s := range d.settings { // which TOML wants after the others
		if s.section != nil {
			w.header("[%s]", syntax.TOML.Key(s.name))
			w.settings(0, syntax.TOML, s.section)
		}
	}
	for _, p := range d.pipelines {
		at := "pipelines." + syntax.TOML.Key(p.name)
		if !slices.ContainsFunc(p.lists, func(l list) bool { return len(l.stages) > 0 }) {
			w.header("[%s]", at)
		}
		for _, l := range p.lists {
			w.tomlStages(at, l)
		}
	}
}

func (w *writer) header(format, at string) {
	if w.Len() > 0 {
		w.WriteByte('\n')
	}
	w.line(0, format, at)
}

func (w *writer) tomlStages(at string, l list) {
	at += "." + l.name
	for _, s := range l.stages {
		w.header("[[%s]]", at)
		w.settings(0, syntax.TOML, s.settings)
		w.tomlStages(at, s.filters)
	}
}

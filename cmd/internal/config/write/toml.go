package write

import (
	"fmt"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

func (w *writer) toml(d *Document) {
	for _, s := range d.settings {
		if s.section == nil {
			w.tomlSettings([]line{s})
		}
	}
	for _, s := range d.settings { // which TOML wants after the others
		if s.section != nil {
			w.header("[%s]", syntax.TOML.Key(s.name))
			w.tomlSettings(s.section)
		}
	}
	for _, p := range d.pipelines {
		at := "pipelines." + syntax.TOML.Key(p.name)
		if len(p.sources)+len(p.filters)+len(p.sinks) == 0 {
			w.header("[%s]", at)
		}
		w.tomlStages(at+".sources", p.sources)
		w.tomlStages(at+".filters", p.filters)
		w.tomlStages(at+".sinks", p.sinks)
	}
}

func (w *writer) header(format, at string) {
	if w.Len() > 0 {
		w.WriteByte('\n')
	}
	fmt.Fprintf(w, format+"\n", at)
}

func (w *writer) tomlSettings(settings []line) {
	for _, s := range settings {
		for _, line := range s.lines(syntax.TOML) {
			w.line(0, "%s", line)
		}
	}
}

func (w *writer) tomlStages(at string, stages []stage) {
	for _, s := range stages {
		w.header("[[%s]]", at)
		w.tomlSettings(s.settings)
		w.tomlStages(at+".filters", s.filters)
	}
}

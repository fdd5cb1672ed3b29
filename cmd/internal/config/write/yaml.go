package write

import "github.com/pmtud/pmtud/cmd/internal/config/syntax"

func (w *writer) yaml(d *Document) {
	for _, s := range d.settings {
		if s.section != nil {
			w.line(0, "%s:", syntax.YAML.Key(s.name))
			w.yamlSettings(1, s.section)
			continue
		}
		w.yamlSettings(0, []line{s})
	}
	w.line(0, "pipelines:")
	for _, p := range d.pipelines {
		w.line(1, "%s:", syntax.YAML.Key(p.name))
		w.yamlStages(2, "sources", p.sources)
		w.yamlStages(2, "filters", p.filters)
		w.yamlStages(2, "sinks", p.sinks)
	}
}

func (w *writer) yamlSettings(depth int, settings []line) {
	for _, s := range settings {
		for _, line := range s.lines(syntax.YAML) {
			w.line(depth, "%s", line)
		}
	}
}

func (w *writer) yamlStages(depth int, key string, stages []stage) {
	if len(stages) == 0 {
		return
	}
	w.line(depth, "%s:", key)
	for _, s := range stages {
		head := s.settings[0]
		for _, text := range head.above {
			w.line(depth+1, "%s", comment(text))
		}
		head.above = nil // they stand before the dash
		w.line(depth+1, "- %s", head.lines(syntax.YAML)[0])
		w.yamlSettings(depth+2, s.settings[1:])
		w.yamlStages(depth+2, "filters", s.filters)
	}
}

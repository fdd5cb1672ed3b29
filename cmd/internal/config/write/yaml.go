package write

import "github.com/pmtud/pmtud/cmd/internal/config/syntax"

func (w *writer) yaml(d *Document) {
	for _, s := range d.settings {
		if s.section == nil {
			w.settings(0, syntax.YAML, []line{s})
			continue
		}
		w.line(0, "%s:", syntax.YAML.Key(s.name))
		w.settings(1, syntax.YAML, s.section)
	}
	w.line(0, "pipelines:")
	for _, p := range d.pipelines {
		w.line(1, "%s:", syntax.YAML.Key(p.name))
		for _, l := range p.lists {
			w.yamlStages(2, l)
		}
	}
}

func (w *writer) yamlStages(depth int, l list) {
	if len(l.stages) == 0 {
		return
	}
	w.line(depth, "%s:", l.name)
	for _, s := range l.stages {
		for _, text := range s.settings[0].above {
			w.line(depth+1, "%s", comment(text))
		}
		w.line(depth+1, "- %s", s.settings[0].text(syntax.YAML))
		w.settings(depth+2, syntax.YAML, s.settings[1:])
		w.yamlStages(depth+2, s.filters)
	}
}

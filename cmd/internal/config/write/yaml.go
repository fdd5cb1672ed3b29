package write

import "github.com/pmtud/pmtud/cmd/internal/config/syntax"

func (w *writer) yaml(depth int, lines section) {
	for _, l := range lines {
		w.comments(depth, l.above)
		switch value := l.value.(type) {
		case section:
			w.line(depth, "%s:", syntax.YAML.Key(l.name))
			w.yaml(depth+1, value)
		case stages:
			w.line(depth, "%s:", l.name)
			for _, stage := range value {
				w.comments(depth+1, stage[0].above)
				w.line(depth+1, "- %s", stage[0].text(syntax.YAML))
				w.yaml(depth+2, stage[1:])
			}
		default:
			w.line(depth, "%s", l.text(syntax.YAML))
		}
	}
}

package write

import (
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

// toml writes the lines of the table whose name path ends with a dot. TOML wants tables
// inside it after the others.
func (w *writer) toml(path string, lines section) {
	for _, l := range lines {
		if !l.isTable() {
			w.comments(0, l.above)
			w.line(0, "%s", l.text(syntax.TOML))
		}
	}
	for _, l := range lines {
		name := path + syntax.TOML.Key(l.name)
		switch value := l.value.(type) {
		case section:
			if !slices.ContainsFunc(value, line.isTable) { // whose headers imply this one
				w.header("[%s]", name)
			}
			w.toml(name+".", value)
		case stages:
			for _, stage := range value {
				w.header("[[%s]]", name)
				w.toml(name+".", stage)
			}
		}
	}
}

func (l line) isTable() bool {
	switch l.value.(type) {
	case section, stages:
		return true
	}
	return false
}

func (w *writer) header(format, name string) {
	if w.Len() > 0 {
		w.WriteByte('\n')
	}
	w.line(0, format, name)
}

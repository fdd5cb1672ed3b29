package write

import (
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Annotated returns what f declares as a configuration to begin with. Comments say what
// each stage's plugin does and what its settings mean; those that are not set are comments
// too. The File must have been resolved without mistakes.
func Annotated(f *config.File) *Document {
	return document(f, written(f.Settings), func(s config.Stage) (remarks, section) {
		plugin := s.Resolved.Plugin
		return remarks{above: []string{setting.Sentence(plugin.Summary)}}, allSettings(s.Settings, plugin)
	})
}

// allSettings returns all settings of a plugin, in the order of their declaration.
func allSettings(declared config.Table, p pipeline.Plugin) (all section) {
	for _, info := range setting.Describe(p.NewSettings()) {
		s := line{name: info.Name, value: info.Default, remarks: remarks{off: true}}
		if w := declared.Find(info.Name); w != nil {
			s.value, s.off = w.Value, false
		}
		meaning := s.meaning(info)
		if isNothing(s.value) {
			meaning += " Not set by default."
			s.value = info.Example
		}
		if s.value != nil {
			s.above = setting.Wrap(meaning, 76)
			all = append(all, s)
		}
	}
	return all
}

// isNothing reports whether a value would say nothing of what may be written.
func isNothing(value any) bool {
	list, ok := value.([]any)
	return value == nil || value == "" || ok && len(list) == 0
}

// meaning returns a setting's doc, bounds and, where it is set, its default.
func (l line) meaning(info setting.Info) string {
	text := setting.Sentence(info.Doc)
	if allowed := info.Allowed(); allowed != "" {
		text += " Allowed: " + allowed + "."
	}
	if preset := setting.Line(info.Default); !l.off && preset != "" {
		text += " Default: " + preset + "."
	}
	return text
}

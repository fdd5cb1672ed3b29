package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxListed is the number of names up to which a hint lists all of them.
const maxListed = 12

// didYouMean returns a hint at the name that word is most likely meant to be, or
// a list of the names if none is near and they are few.
func didYouMean(word string, names []string) string {
	if name, ok := nearest(word, names); ok {
		return "did you mean `" + name + "`?"
	}
	if len(names) == 0 || len(names) > maxListed {
		return ""
	}
	return "valid here: `" + strings.Join(names, "`, `") + "`"
}

// UnknownName returns an error that says what is meant by word, if it is near one of
// the names, or which names there are.
func UnknownName(what, word string, names []string) error {
	if name, ok := nearest(word, names); ok {
		return fmt.Errorf("unknown %s %q; did you mean %s?", what, word, name)
	}
	return fmt.Errorf("unknown %s %q; there are %s", what, word, strings.Join(names, ", "))
}

// nearest returns the name with the fewest typing errors between it and word,
// unless these are more than about a third of its letters.
func nearest(word string, names []string) (string, bool) {
	best, least := "", 0
	for _, name := range names {
		d := distance(fold(word), fold(name))
		if d <= allowed(name) && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best, best != ""
}

func allowed(name string) int { return max(1, min(3, utf8.RuneCountInString(name)/3)) }

// fold makes names equal that differ by case and by kind of hyphen only.
func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "_", "-")
}

// distance returns the number of letters to add, remove, change or swap with
// their neighbour to get from a to b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	// Three rows of the table suffice, since a swap looks two rows back.
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			change := last[j-1]
			if s[i-1] != t[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}

// twiceHint says what to do about anything that there is to be once.
const twiceHint = "leave one of them out"

func (s *shaper) here() Position { return Position{File: s.name} }

func (p Position) isTOML() bool { return strings.EqualFold(filepath.Ext(p.File), ".toml") }

func (p Position) isJSON() bool { return strings.EqualFold(filepath.Ext(p.File), ".json") }

// pipelinesHint says how pipelines begin.
func (s *shaper) pipelinesHint() string {
	if s.here().isTOML() {
		return tomlHint("NAME.sources")
	}
	return "begin with a name, as in `" + s.here().syntax().key("edge") + ":`"
}

// pipelineHint says how a pipeline begins.
func (s *shaper) pipelineHint(name string) string {
	if s.here().isTOML() {
		return tomlHint(tomlKey(name) + ".sources")
	}
	return "begin with `" + s.here().syntax().key("sources") + ":`"
}

// listHint says how a list of stages is written.
func (s *shaper) listHint(tomlName string) string {
	if s.here().isTOML() {
		return tomlHint(tomlName)
	}
	if s.here().isJSON() {
		return "put the stages in `[` and `]`"
	}
	return "begin each stage with `- type:`"
}

func tomlHint(list string) string { return "write `[[pipelines." + list + "]]`" }

// stageHint says how a stage is written of which there is only the type.
func (s *shaper) stageHint(v any) string {
	typ, ok := v.(string)
	if !ok {
		return ""
	}
	pair := s.here().syntax().pair("type", typ)
	if s.here().isTOML() || s.here().isJSON() {
		return "write `{" + pair + "}`"
	}
	return "write `- " + pair + "`"
}

// stagesHint says what to do about a list without stages.
func stagesHint(p *Pipeline, list string) string {
	if _, ok := p.listsAt[list]; ok {
		return "list at least one"
	}
	return "add `" + list + "`"
}

// outsideHint says what to do about a setting that is none of the top level.
func outsideHint(s Setting, names []string) string {
	if s.isPipeline() {
		return insideHint(s)
	}
	switch s.Name {
	case "sources", "filters", "sinks":
		if s.NameAt.isTOML() {
			return "put it into a pipeline: `[[pipelines.NAME." + s.Name + "]]`"
		}
		return "put it into a pipeline, below `pipelines:` and its name"
	}
	return didYouMean(s.Name, names)
}

// insideHint says where a pipeline belongs that stands at the top level.
func insideHint(s Setting) string {
	if s.NameAt.isTOML() {
		return "write `pipelines." + tomlKey(s.Name) + "` for a pipeline"
	}
	return "put it into `pipelines`, which holds all pipelines"
}

// isPipeline reports whether a setting holds what only pipelines do.
func (s Setting) isPipeline() bool {
	table, ok := s.Value.(Table)
	return ok && (find(table, "sources") != nil || find(table, "sinks") != nil)
}

// aboveHint says where a setting of the top level belongs that stands elsewhere, or
// whatever else is known of the name.
func aboveHint(name string, at Position, names []string) string {
	field, isGlobal := fieldsOf(GlobalSettings())[name]
	switch {
	case !isGlobal || slices.Contains(names, name):
		return didYouMean(name, names)
	case at.isTOML() && isNested(field.Type):
		return "write `[" + name + "]`"
	case at.isTOML():
		return "put it at the top of the file, above the first `[`"
	}
	return "put it at the top level, beside `pipelines`"
}

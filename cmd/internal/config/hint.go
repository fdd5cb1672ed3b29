package config

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// twiceHint says what to do about anything that there is to be once.
const twiceHint = "leave one of them out"

func (s *shaper) here() Position { return Position{File: s.name} }

func isTOML(p Position) bool { return strings.EqualFold(filepath.Ext(p.File), ".toml") }

func isJSON(p Position) bool { return strings.EqualFold(filepath.Ext(p.File), ".json") }

// pipelinesHint says how pipelines begin.
func (s *shaper) pipelinesHint() string {
	if isTOML(s.here()) {
		return tomlHint("NAME.sources")
	}
	return "begin with a name, as in `" + syntaxAt(s.here()).key("edge") + ":`"
}

// pipelineHint says how a pipeline begins.
func (s *shaper) pipelineHint(name string) string {
	if isTOML(s.here()) {
		return tomlHint(tomlKey(name) + ".sources")
	}
	return "begin with `" + syntaxAt(s.here()).key("sources") + ":`"
}

// listHint says how a list of stages is written.
func (s *shaper) listHint(tomlName string) string {
	if isTOML(s.here()) {
		return tomlHint(tomlName)
	}
	if isJSON(s.here()) {
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
	pair := syntaxAt(s.here()).pair("type", typ)
	if isTOML(s.here()) || isJSON(s.here()) {
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
		if isTOML(s.NameAt) {
			return "put it into a pipeline: `[[pipelines.NAME." + s.Name + "]]`"
		}
		return "put it into a pipeline, below `pipelines:` and its name"
	}
	return mistake.DidYouMean(s.Name, names)
}

// insideHint says where a pipeline belongs that stands at the top level.
func insideHint(s Setting) string {
	if isTOML(s.NameAt) {
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
		return mistake.DidYouMean(name, names)
	case isTOML(at) && isNested(field.Type):
		return "write `[" + name + "]`"
	case isTOML(at):
		return "put it at the top of the file, above the first `[`"
	}
	return "put it at the top level, beside `pipelines`"
}

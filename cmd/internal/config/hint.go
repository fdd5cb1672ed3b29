package config

import (
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// pipelinesHint says how pipelines begin.
func pipelinesHint(n *syntax.Node) string {
	if n.NameAt.IsTOML() {
		return tomlHint("NAME", "sources")
	}
	return "begin with a name, as in `" + syntax.NotationAt(n.NameAt).Key("edge") + ":`"
}

// pipelineHint says how a pipeline begins.
func pipelineHint(n *syntax.Node) string {
	if n.NameAt.IsTOML() {
		return tomlHint(n.Name, "sources")
	}
	return "begin with `" + syntax.NotationAt(n.NameAt).Key("sources") + ":`"
}

// listHint says how a list of stages is written that stands in owner.
func listHint(n *syntax.Node, owner []string) string {
	switch {
	case n.NameAt.IsTOML():
		return tomlHint(append(slices.Clone(owner), n.Name)...)
	case n.NameAt.IsJSON():
		return "put the stages in `[` and `]`"
	}
	return "begin each stage with `- type:`"
}

func tomlHint(list ...string) string {
	at := "pipelines"
	for _, name := range list {
		at += "." + syntax.TOML.Key(name)
	}
	return "write `[[" + at + "]]`"
}

// stageHint says how a stage is written of which there is only the type.
func stageHint(item *syntax.Node) string {
	typ, ok := item.Value.(string)
	if !ok {
		return ""
	}
	pair := syntax.NotationAt(item.At).Pair("type", typ)
	if item.At.IsTOML() || item.At.IsJSON() {
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

// outsideHint says what to do about an unknown setting of the top level.
func outsideHint(s *Setting, names []string) string {
	if isPipeline(s) {
		return insideHint(s)
	}
	switch s.Name {
	case "sources", "filters", "sinks":
		if s.NameAt.IsTOML() {
			return "put it into a pipeline: `[[pipelines.NAME." + s.Name + "]]`"
		}
		return "put it into a pipeline, below `pipelines:` and its name"
	}
	return spelling.DidYouMean(s.Name, names)
}

// insideHint says where a pipeline belongs that stands at the top level.
func insideHint(s *Setting) string {
	if s.NameAt.IsTOML() {
		return "write `pipelines." + syntax.TOML.Key(s.Name) + "` for a pipeline"
	}
	return "move it into `pipelines`, which contains all pipelines"
}

// isPipeline reports whether a setting holds what only pipelines do.
func isPipeline(s *Setting) bool {
	return s.Table().Find("sources") != nil || s.Table().Find("sinks") != nil
}

// aboveHint says where a setting of the top level belongs that stands elsewhere, or
// whatever else is known of the name.
func aboveHint(name string, at Position, names []string) string {
	all := setting.Of(GlobalSettings())
	i := slices.IndexFunc(all, func(info setting.Info) bool { return info.Name == name })
	switch {
	case i < 0 || slices.Contains(names, name):
		return spelling.DidYouMean(name, names)
	case at.IsTOML() && all[i].Type == setting.Section:
		return "write `[" + name + "]`"
	case at.IsTOML():
		return "put it at the top of the file, above the first `[`"
	}
	return "put it at the top level, beside `pipelines`"
}

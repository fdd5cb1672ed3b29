package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// shape adds what the document declares to f.
func (d *document) shape(f *File) {
	s := shaper{document: d, file: f}
	for _, e := range s.entries(d.tree, "") {
		if e.key == "pipelines" {
			s.pipelines(e)
			continue
		}
		if first, ok := f.settingsAt[e.key]; ok {
			s.Add(e.place.key, twiceHint, "`%s` is set twice, first at %v", e.key, first)
			continue
		}
		f.settingsAt[e.key] = e.place.key
		f.Settings = append(f.Settings, s.setting(e))
	}
}

// shaper turns the values of a document into the tree of a File.
type shaper struct {
	*document
	file *File
}

// entry is a key of a map with its value.
type entry struct {
	key   string
	value any
	at    path
	place
}

// entries returns what a map at the path holds, in the order of the text.
func (s *shaper) entries(m map[string]any, at path) []entry {
	var entries []entry
	for key, value := range m {
		child := at.child(key)
		entries = append(entries, entry{key, value, child, s.index[child]})
	}
	return inOrder(entries)
}

func inOrder(entries []entry) []entry {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(
			cmp.Compare(a.place.key.Line, b.place.key.Line),
			cmp.Compare(a.place.key.Column, b.place.key.Column),
			cmp.Compare(a.key, b.key),
		)
	})
	return entries
}

// maxPipelines bounds the pipelines of all files.
const maxPipelines = 1000

func (s *shaper) pipelines(e entry) {
	m, ok := e.value.(map[string]any)
	if !ok {
		if e.value == nil && s.pipelineOutside() {
			return // which is a mistake of its own
		}
		wrong(s.Report, e.place.value, "`pipelines`", "hold pipelines by their names", e.value, s.pipelinesHint())
		return
	}
	for _, e := range s.entries(m, e.at) {
		if len(s.file.Pipelines) == maxPipelines {
			s.Add(e.place.key, "", "there are more than %d pipelines", maxPipelines)
			return
		}
		p := Pipeline{Name: e.key, At: e.place.key, listsAt: map[string]Position{}, unclear: map[string]bool{}}
		s.checkName(e.key, p.At)
		if first, ok := s.file.pipelinesAt[p.Name]; ok {
			p.repeated = true
			s.Add(p.At, twiceHint, "pipeline `%s` is declared twice, first at %v", p.Name, first)
		} else {
			s.file.pipelinesAt[p.Name] = p.At
		}
		s.pipeline(&p, e)
		s.file.Pipelines = append(s.file.Pipelines, p)
	}
}

// pipelineOutside reports whether what belongs into `pipelines`, which has no value,
// stands at the top level, as when it is not indented.
func (s *shaper) pipelineOutside() bool {
	for _, value := range s.tree {
		m, _ := value.(map[string]any)
		_, sources := m["sources"]
		_, sinks := m["sinks"]
		if sources || sinks {
			return true
		}
	}
	return false
}

func (s *shaper) pipeline(p *Pipeline, e entry) {
	m, ok := e.value.(map[string]any)
	if !ok {
		wrong(s.Report, e.place.value, "`"+e.key+"`", "hold `sources`, `filters` and `sinks`", e.value, s.pipelineHint(e.key))
		p.unclear["sources"], p.unclear["sinks"] = true, true
		return
	}
	if s.partial["pipelines"] || s.partial[e.at] {
		p.unclear["sources"], p.unclear["sinks"] = true, true
	}
	for _, list := range s.entries(m, e.at) {
		p.listsAt[list.key] = list.place.key
		before := s.Noted
		switch list.key {
		case "sources":
			p.Sources = s.stages(list, tomlKey(p.Name)+".sources", false)
		case "filters":
			p.Filters = s.stages(list, tomlKey(p.Name)+".filters", false)
		case "sinks":
			p.Sinks = s.stages(list, tomlKey(p.Name)+".sinks", true)
		default:
			list.key = s.unknown(list, "sources", "filters", "sinks")
		}
		p.unclear[list.key] = s.Noted > before
	}
}

// stages returns the stages of a list, which TOML knows by the name.
func (s *shaper) stages(e entry, tomlName string, sinks bool) []Stage {
	list, ok := e.value.([]any)
	if !ok {
		if e.value != nil { // all entries of a list may be commented out
			wrong(s.Report, e.place.value, "`"+e.key+"`", "be a list of stages", e.value, s.listHint(tomlName))
		}
		return nil
	}
	var stages []Stage
	for i, v := range list {
		at := e.at.item(i)
		m, ok := v.(map[string]any)
		if !ok {
			wrong(s.Report, s.index[at].value, "element of `"+e.key+"`", "hold `type` and settings", v, s.stageHint(v))
			continue
		}
		stages = append(stages, s.stage(m, at, tomlName, sinks))
	}
	return stages
}

func (s *shaper) stage(m map[string]any, at path, tomlName string, sink bool) Stage {
	here := s.index[at]
	stage := Stage{At: here.value, itemAt: cmp.Or(here.via, here.value)}
	_, hasType := m["type"]
	for _, e := range s.entries(m, at) {
		if name, ok := mistake.Nearest(e.key, []string{"type"}); ok && !hasType {
			s.unknown(e, name)
			hasType = true
			continue
		}
		switch {
		case e.key == "type":
			stage.Type, stage.At = s.text(e), e.place.value
			if e.value == "" {
				s.Add(stage.At, "", "`type` is empty")
			}
		case e.key == "name":
			stage.Name, stage.NameAt = s.text(e), e.place.value
			if _, ok := e.value.(string); ok {
				s.checkName(stage.Name, stage.NameAt)
			}
		case e.key == "filters" && sink:
			stage.Filters = s.stages(e, tomlName+".filters", false)
		default:
			stage.Settings = append(stage.Settings, s.setting(e))
		}
	}
	if !hasType {
		s.Add(stage.At, "add `type`; `pmtud plugins` lists what there is", "stage has no `type`")
	}
	return stage
}

// setting returns an entry as a setting, after it noted what has no value. Without
// a value it still counts as set, and as spelt right or wrong.
func (s *shaper) setting(e entry) Setting {
	setting := Setting{Name: e.key, At: e.place.value, NameAt: e.place.key}
	list, ok := e.value.([]any)
	if !ok {
		setting.Value = s.value(e.value, e.at, setting.NameAt, "`"+e.key+"`")
		return setting
	}
	items := []any{}
	for i, v := range list {
		at := e.at.item(i)
		if v = s.value(v, at, s.index[at].value, "element of `"+e.key+"`"); v != nil {
			items = append(items, v)
			setting.ItemsAt = append(setting.ItemsAt, s.index[at].value)
		}
	}
	if len(items) > 0 || len(list) == 0 {
		setting.Value = items
	}
	return setting
}

// value returns a value as that of a setting or of an element of a list.
func (s *shaper) value(v any, at path, whereNot Position, what string) any {
	switch v := v.(type) {
	case nil:
		s.Add(whereNot, "", "%s has no value", what)
	case unreadable:
		return nil
	case map[string]any:
		return s.table(v, at)
	}
	return v
}

func (s *shaper) table(m map[string]any, at path) Table {
	table := Table{}
	for _, e := range s.entries(m, at) {
		table = append(table, s.setting(e))
	}
	return table
}

// text returns the value of an entry that must be text.
func (s *shaper) text(e entry) string {
	text, ok := e.value.(string)
	if !ok {
		wrong(s.Report, e.place.value, "`"+e.key+"`", "be text", e.value, "")
	}
	return text
}

// checkName refuses names that could not stand in a line of a log.
func (s *shaper) checkName(name string, at Position) {
	if strings.TrimSpace(name) == "" || strings.ContainsFunc(name, isControl) {
		s.Add(at, "", "name %q%s is empty or holds control characters", name, at.From())
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// unknown returns the name that is meant, if that can be guessed.
func (s *shaper) unknown(e entry, names ...string) string {
	s.Add(e.place.key, aboveHint(e.key, e.place.key, names), "unknown setting `%s`", e.key)
	name, _ := mistake.Nearest(e.key, names)
	return name
}

// wrong notes that a value is of the wrong kind.
func wrong(r *mistake.Report, at Position, what, must string, value any, hint string) {
	switch value.(type) {
	case unreadable: // has been noted
	case nil:
		r.Add(at, hint, "%s has no value; it must %s", what, must)
	default:
		r.Add(at, hint, "%s must %s, not %s%s", what, must, kindOf(value), at.From())
	}
}

// kindOf names the kind of a value for messages.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return "text"
	case bool:
		return "true or false"
	case Number:
		return "the number " + string(v)
	case []any:
		return "a list"
	}
	return "settings with names"
}

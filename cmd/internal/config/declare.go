package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
)

// declarer adds to a File what the nodes of its files declare.
type declarer struct {
	*mistake.Report
	f    *File
	root *syntax.Node // of the file that is read

	settingsAt, pipelinesAt map[string]Position // of the names so far
}

func newDeclarer(f *File, r *mistake.Report) *declarer {
	return &declarer{Report: r, f: f, settingsAt: map[string]Position{}, pipelinesAt: map[string]Position{}}
}

// file adds what one file declares.
func (d *declarer) file(root *syntax.Node) {
	d.root = root
	for _, n := range root.Table() {
		if n.Name == "pipelines" {
			d.pipelines(n)
			continue
		}
		if first, ok := d.settingsAt[n.Name]; ok {
			d.Add(n.NameAt, mistake.TwiceHint, "`%s` is set twice, first at %v", n.Name, first)
			continue
		}
		d.settingsAt[n.Name] = n.NameAt
		d.f.Settings = append(d.f.Settings, d.setting(n))
	}
}

// maxPipelines bounds the pipelines of all files.
const maxPipelines = 1000

func (d *declarer) pipelines(n *syntax.Node) {
	table, ok := n.Value.(Table)
	if !ok {
		if n.Value == nil && slices.ContainsFunc(d.root.Table(), isPipeline) {
			return // it stands at the top level, which is a mistake of its own
		}
		wrong(d.Report, n.At, "`pipelines`", "contain pipelines by name", n.Value, pipelinesHint(n))
		return
	}
	for _, child := range table {
		if len(d.f.Pipelines) == maxPipelines {
			d.Add(child.NameAt, "", "there are more than %d pipelines", maxPipelines)
			return
		}
		p := Pipeline{Name: child.Name, At: child.NameAt, listsAt: map[string]Position{}, unclear: map[string]bool{}}
		d.checkName(p.Name, p.At)
		if first, ok := d.pipelinesAt[p.Name]; ok {
			p.repeated = true
			d.Add(p.At, mistake.TwiceHint, "pipeline `%s` is declared twice, first at %v", p.Name, first)
		} else {
			d.pipelinesAt[p.Name] = p.At
		}
		if n.Repeated || child.Repeated {
			p.unclear["sources"], p.unclear["sinks"] = true, true
		}
		d.pipeline(&p, child)
		d.f.Pipelines = append(d.f.Pipelines, p)
	}
}

func (d *declarer) pipeline(p *Pipeline, n *syntax.Node) {
	table, ok := n.Value.(Table)
	if !ok {
		wrong(d.Report, n.At, "`"+n.Name+"`", "contain `sources`, `filters` and `sinks`", n.Value, pipelineHint(n))
		p.unclear["sources"], p.unclear["sinks"] = true, true
		return
	}
	for _, list := range table {
		p.listsAt[list.Name] = list.NameAt
		before := d.Noted
		meant := list.Name
		switch list.Name {
		case "sources":
			p.Sources = d.stages(list, p.Name)
		case "filters":
			p.Filters = d.stages(list, p.Name)
		case "sinks":
			p.Sinks = d.stages(list, p.Name)
		default:
			meant = d.unknown(list, "sources", "filters", "sinks")
		}
		p.unclear[meant] = d.Noted > before
	}
}

// stages returns the stages of a list that stands in owner, the name of a pipeline or
// of its sinks.
func (d *declarer) stages(n *syntax.Node, owner ...string) []Stage {
	list, ok := n.Value.(List)
	if !ok {
		if n.Value != nil { // all entries of a list may be commented out
			wrong(d.Report, n.At, "`"+n.Name+"`", "be a list of stages", n.Value, listHint(n, owner))
		}
		return nil
	}
	var stages []Stage
	for _, item := range list {
		if _, ok := item.Value.(Table); !ok {
			wrong(d.Report, item.At, "element of `"+n.Name+"`", "contain `type` and settings", item.Value, stageHint(item))
			continue
		}
		stages = append(stages, d.stage(item, append(slices.Clone(owner), n.Name)))
	}
	return stages
}

func (d *declarer) stage(item *syntax.Node, owner []string) Stage {
	stage := Stage{At: item.At, itemAt: cmp.Or(item.Via, item.At)}
	isSink := owner[len(owner)-1] == "sinks"
	hasType := item.Table().Find("type") != nil
	for _, n := range item.Table() {
		if name, ok := spelling.Nearest(n.Name, []string{"type"}); ok && !hasType {
			d.unknown(n, name)
			hasType = true
			continue
		}
		switch {
		case n.Name == "type":
			stage.Type, stage.At = d.text(n), n.At
			if n.Value == "" {
				d.Add(stage.At, "", "`type` is empty")
			}
		case n.Name == "name":
			stage.Name, stage.nameAt = d.text(n), n.At
			if _, ok := n.Value.(string); ok {
				d.checkName(stage.Name, stage.nameAt)
			}
		case n.Name == "filters" && isSink:
			stage.Filters = d.stages(n, owner...)
		default:
			stage.Settings = append(stage.Settings, d.setting(n))
		}
	}
	if !hasType {
		d.Add(stage.At, "add `type`; `pmtud plugins` lists the types", "stage has no `type`")
	}
	if stage.Name == "" {
		stage.nameAt = stage.At
	}
	return stage
}

// setting returns a node as a setting: it notes what has no value, and leaves out what
// is unreadable. Without a value it still counts as set, and as spelt right or wrong.
func (d *declarer) setting(n *syntax.Node) *Setting {
	list, ok := n.Value.(List)
	if !ok {
		d.value(n, n.NameAt, "`"+n.Name+"`")
		return n
	}
	items := List{}
	for _, item := range list {
		if d.value(item, item.At, "element of `"+n.Name+"`"); item.Value != nil {
			items = append(items, item)
		}
	}
	n.Value = items
	if len(items) == 0 && len(list) > 0 {
		n.Value = nil
	}
	return n
}

func (d *declarer) value(n *syntax.Node, whereNot Position, what string) {
	switch v := n.Value.(type) {
	case nil:
		d.Add(whereNot, "", "%s has no value", what)
	case syntax.Unreadable:
		n.Value = nil
	case Table:
		for _, child := range v {
			d.setting(child)
		}
	}
}

// text returns the value of a node that must be text.
func (d *declarer) text(n *syntax.Node) string {
	text, ok := n.Value.(string)
	if !ok {
		wrong(d.Report, n.At, "`"+n.Name+"`", "be text", n.Value, "")
	}
	return text
}

// checkName refuses names that could not stand in a line of a log.
func (d *declarer) checkName(name string, at Position) {
	if strings.TrimSpace(name) == "" || strings.ContainsFunc(name, isControl) {
		d.Add(at, "", "name %q%s is empty or contains control characters", name, at.From())
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// unknown returns the name that is meant, if that can be guessed.
func (d *declarer) unknown(n *syntax.Node, names ...string) string {
	d.Add(n.NameAt, aboveHint(n.Name, n.NameAt, names), "unknown setting `%s`", n.Name)
	name, _ := spelling.Nearest(n.Name, names)
	return name
}

package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline"
)

// A user is a stage that was built, with what it said that it needs.
type user struct {
	*Stage
	kind     pipeline.Kind
	pipeline *Pipeline
}

func (u user) String() string {
	return fmt.Sprintf("%v `%s` of pipeline `%s`", u.kind, u.Called(), u.pipeline.Name)
}

// Needs returns what the stages of all pipelines use of the host. Undeclared are the names,
// as "pipeline/stage", of those that may use it but do not declare it
// ([pipeline.Pipeline.Undeclared]). The File must have been resolved without mistakes.
func (f *File) Needs() (needs []pipeline.Needs, undeclared []string) {
	for _, u := range f.users() {
		needs = append(needs, u.needs())
		if u.Resolved.undeclared {
			undeclared = append(undeclared, u.pipeline.Name+"/"+u.Called())
		}
	}
	return needs, undeclared
}

// exclusive finds stages that need the same thing of which there is only one.
func exclusive(r *mistake.Report, f *File) {
	first := map[string]user{}
	reported := map[[2]*Stage]bool{} // they may share several things
	for _, u := range f.users() {
		for _, name := range slices.Concat(u.needs().Exclusive, u.needs().Unique) {
			if other, ok := first[name]; ok {
				pair := [2]*Stage{other.Stage, u.Stage}
				if reported[pair] {
					continue
				}
				reported[pair] = true
				at, before := apart(u.Stage, u.about(name), other.Stage, other.about(name))
				r.Add(at, "use it in one of them only", "only one stage can use %s, and %v uses it at %v", name, other, before)
				continue
			}
			first[name] = u
		}
	}
}

// users returns the stages of all pipelines that are built.
func (f *File) users() (users []user) {
	add := func(p *Pipeline, kind pipeline.Kind, stages []Stage) {
		for i := range stages {
			users = append(users, user{&stages[i], kind, p})
		}
	}
	for i := range f.Pipelines {
		p := &f.Pipelines[i]
		if p.repeated {
			continue
		}
		add(p, pipeline.KindSource, p.Sources)
		add(p, pipeline.KindFilter, p.Filters)
		add(p, pipeline.KindSink, p.Sinks)
		for _, s := range p.Sinks {
			add(p, pipeline.KindFilter, s.Filters)
		}
	}
	return users
}

// about returns the place of the setting that a need is about: the need's name ends with
// its value, as "nflog group 33" does with 33. Without one it is the stage's place.
func (s Stage) about(need string) Position {
	for _, setting := range s.Settings {
		text, ok := syntax.ScalarText(setting.Value)
		if ok && (strings.HasSuffix(need, " "+text) || strings.HasSuffix(need, " "+filepath.Clean(text))) {
			return setting.At
		}
	}
	return s.At
}

// limits finds sinks that need a limit of all packets together and have none before them.
func limits(r *mistake.Report, f *File) {
	for _, u := range f.users() {
		p := u.pipeline
		if u.needs().Limit && !p.unclear["filters"] && !limited(p.Filters) && !limited(u.Filters) {
			r.Add(u.At, "add a filter such as `iface-rate`, or set `unlimited: true`",
				"sink `%s` sends each packet to many hosts, and no filter before it limits their total rate", u.Called())
		}
	}
}

// limited reports whether one of the filters is a limit, or might be if it were known.
func limited(filters []Stage) bool {
	return slices.ContainsFunc(filters, func(s Stage) bool { return s.Resolved == nil || s.needs().Limits })
}

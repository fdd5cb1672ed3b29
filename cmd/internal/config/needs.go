package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// A user is a stage that was built, with what it said that it needs.
type user struct {
	*Stage
	kind     pipeline.Kind
	pipeline *Pipeline
}

func (u user) String() string {
	return fmt.Sprintf("%v `%s` of pipeline `%s`", u.kind, u.called(), u.pipeline.Name)
}

// exclusive finds stages that need the same thing of which there is only one.
func (r *resolver) exclusive(f *File) {
	first := map[string]user{}
	reported := map[[2]*Stage]bool{} // they may share several things
	for _, u := range f.users() {
		for _, name := range u.needs.Exclusive {
			if other, ok := first[name]; ok {
				pair := [2]*Stage{other.Stage, u.Stage}
				if reported[pair] {
					continue
				}
				reported[pair] = true
				r.add(u.about(name), "leave it to one of them",
					"only one stage can have %s, and %v has it at %v", name, other, other.about(name))
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

// about returns where the stage has the setting that a need's name ends with, as
// "nflog group 33" does with 33, or else the stage's place.
func (s Stage) about(need string) Position {
	for _, setting := range s.Settings {
		text, ok := scalarText(setting.Value)
		if ok && (strings.HasSuffix(need, " "+text) || strings.HasSuffix(need, " "+filepath.Clean(text))) {
			return setting.At
		}
	}
	return s.At
}

// loops finds sinks that feed themselves by way of the sources of their own and of
// other pipelines.
func (r *resolver) loops(f *File) {
	l := looper{file: f, reported: map[*Stage]bool{}}
	for i := range f.Pipelines {
		p := &f.Pipelines[i]
		for j := range p.Sinks {
			way := l.way(&p.Sinks[j])
			if len(way) > 0 && !l.reported[&p.Sinks[j]] {
				r.loop(&p.Sinks[j], way)
			}
			for _, s := range way {
				l.reported[s.to] = true
			}
		}
	}
}

func (r *resolver) loop(sink *Stage, way []step) {
	first := way[0]
	hint := r.loopHint(first)
	if len(way) == 1 {
		r.add(sink.At, hint, "sink `%s` would feed itself: source `%s` at %v receives %s",
			sink.called(), first.source.called(), first.source.At, first.name)
		return
	}
	var names []string
	for _, s := range way[:len(way)-1] {
		names = append(names, "`"+s.pipeline.Name+"`")
	}
	r.add(sink.At, hint, "sink `%s` would feed itself by way of pipeline %s: source `%s` at %v receives %s",
		sink.called(), strings.Join(names, ", "), first.source.called(), first.source.At, first.name)
}

// loopHint names a filter that would break a loop at its first step, and a setting
// without which its source would not hear the sink.
func (r *resolver) loopHint(s step) string {
	var ways []string
	for _, p := range r.plugins {
		if p.Kind != pipeline.KindFilter {
			continue
		}
		filter := Stage{Type: p.Type, plugin: p, settings: p.NewSettings()}
		if build(&filter, trialEnv("", p.Type)) == nil && stops([]Stage{filter}, s.name) {
			ways = append(ways, "add the filter `"+p.Type+"`")
		}
	}
	for i := range s.source.Settings {
		without := *s.source
		without.Settings = slices.Delete(slices.Clone(s.source.Settings), i, i+1)
		trial := resolver{&report{}, r.plugins}
		trial.decode(&without)
		if len(trial.mistakes) == 0 && build(&without, trialEnv("", "")) == nil && !without.hears(s.name) {
			ways = append(ways, "leave out `"+s.source.Settings[i].Name+"` of the source")
		}
	}
	if len(ways) == 0 {
		return "let one of them use another"
	}
	return strings.Join(ways, ", or ")
}

// step leads from a sink to another one that gets what it emits.
type step struct {
	name     string // what the first emits
	source   *Stage // that hears it
	pipeline *Pipeline
	to       *Stage // a sink of the pipeline, maybe the first one itself
}

// looper looks for ways from sinks back to themselves.
type looper struct {
	file     *File
	reported map[*Stage]bool
}

// way returns a shortest way from a sink back to itself, if there is one.
func (l *looper) way(sink *Stage) []step {
	ways := [][]step{nil}
	seen := map[*Stage]bool{}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		at := sink
		if len(way) > 0 {
			at = way[len(way)-1].to
		}
		for _, s := range l.steps(at) {
			next := append(slices.Clip(way), s)
			if s.to == sink {
				return next
			}
			if !seen[s.to] {
				seen[s.to] = true
				ways = append(ways, next)
			}
		}
	}
	return nil
}

// steps returns the sinks that get what a sink emits.
func (l *looper) steps(sink *Stage) (steps []step) {
	for _, name := range sink.needs.Emits {
		for i := range l.file.Pipelines {
			p := &l.file.Pipelines[i]
			source := slices.IndexFunc(p.Sources, func(s Stage) bool { return s.hears(name) })
			if source < 0 || p.unclear["filters"] || stops(p.Filters, name) {
				continue
			}
			for j := range p.Sinks {
				if !stops(p.Sinks[j].Filters, name) {
					steps = append(steps, step{name, &p.Sources[source], p, &p.Sinks[j]})
				}
			}
		}
	}
	return steps
}

func (s Stage) hears(name string) bool { return matches(s.needs.Hears, name) }

// stops reports whether one of the filters lets nothing pass that has the name, or
// might if it were known.
func stops(filters []Stage, name string) bool {
	return slices.ContainsFunc(filters, func(s Stage) bool {
		return s.settings == nil || matches(s.needs.Stops, name)
	})
}

// matches reports whether name is one of names, which may be patterns.
func matches(names []string, name string) bool {
	return slices.ContainsFunc(names, func(pattern string) bool {
		ok, err := filepath.Match(pattern, name)
		return pattern == name || err == nil && ok
	})
}

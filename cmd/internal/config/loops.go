package config

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/pipeline"
)

// loops finds sinks that feed themselves by way of the sources of their own and of
// other pipelines.
func loops(r *mistake.Report, f *File) {
	l := looper{file: f, reached: map[string][]step{}}
	reported := map[*Stage]bool{}
	for _, u := range f.users() {
		if u.kind != pipeline.KindSink || reported[u.Stage] || r.Full() {
			continue
		}
		way := l.way(u.Stage)
		if len(way) > 0 {
			complainOfLoop(r, u.Stage, way)
		}
		for _, s := range way {
			reported[s.to] = true
		}
	}
}

func complainOfLoop(r *mistake.Report, sink *Stage, way []step) {
	first := way[0]
	by := ""
	if len(way) > 1 {
		var names []string
		for _, s := range way[:len(way)-1] {
			names = append(names, "`"+s.pipeline.Name+"`")
		}
		by = " by way of pipeline " + strings.Join(names, ", ")
	}
	r.Add(sink.At, "change one of them, or add a filter that stops the loop", "sink `%s` would feed itself%s: source `%s` at %v receives %s",
		sink.Called(), by, first.source.Called(), first.source.At, first.name)
}

// step leads from a sink to another one that gets what it emits.
type step struct {
	name     string // what the first emits
	source   *Stage // that hears it
	pipeline *Pipeline
	to       *Stage // a sink of the pipeline, maybe the first one itself
	before   *step  // on the way; nil at its beginning
}

// looper looks for ways from sinks back to themselves.
type looper struct {
	file    *File
	reached map[string][]step // by what is emitted
}

// way returns a shortest way from a sink back to itself, if there is one.
func (l *looper) way(sink *Stage) (way []step) {
	seen := map[*Stage]bool{}
	for ways := []*step{{to: sink}}; len(ways) > 0; ways = ways[1:] {
		for _, name := range ways[0].to.needs().Emits {
			for _, s := range l.steps(name) {
				if seen[s.to] {
					continue
				}
				seen[s.to] = true
				s.before = ways[0]
				if s.to != sink {
					ways = append(ways, &s)
					continue
				}
				for at := &s; at.before != nil; at = at.before {
					way = append(way, *at)
				}
				slices.Reverse(way)
				return way
			}
		}
	}
	return nil
}

// steps returns the sinks that get what is emitted under a name.
func (l *looper) steps(name string) []step {
	if known, ok := l.reached[name]; ok {
		return known
	}
	var steps []step
	for i := range l.file.Pipelines {
		p := &l.file.Pipelines[i]
		source := slices.IndexFunc(p.Sources, func(s Stage) bool { return matches(s.needs().Hears, name) })
		if source < 0 || p.unclear["filters"] || stops(p.Filters, name) {
			continue
		}
		for j := range p.Sinks {
			if !stops(p.Sinks[j].Filters, name) {
				steps = append(steps, step{name, &p.Sources[source], p, &p.Sinks[j], nil})
			}
		}
	}
	l.reached[name] = steps
	return steps
}

// stops reports whether one of the filters lets nothing pass that has the name, or
// might if it were known.
func stops(filters []Stage, name string) bool {
	return slices.ContainsFunc(filters, func(s Stage) bool {
		return s.Resolved == nil || matches(s.needs().Stops, name)
	})
}

// matches reports whether name is one of names, which may be patterns.
func matches(names []string, name string) bool {
	return slices.ContainsFunc(names, func(pattern string) bool {
		if meta := strings.IndexAny(pattern, `*?[\`); meta < 0 || !strings.HasPrefix(name, pattern[:meta]) {
			return pattern == name // as is nearly always clear
		}
		ok, err := filepath.Match(pattern, name)
		return pattern == name || err == nil && ok
	})
}

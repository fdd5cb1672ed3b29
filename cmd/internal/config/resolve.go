package config

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Resolve finds the plugins of a File that was made in code, decodes their
// settings and builds each stage on trial. An error is a [Mistakes].
func (f *File) Resolve(plugins []pipeline.Plugin) error {
	r := f.report()
	f.resolve(plugins, r)
	return r.Err()
}

func (f *File) resolve(plugins []pipeline.Plugin, r *mistake.Report) {
	v := resolver{decoder{r}, plugins}
	v.global(f)
	for i := range f.Pipelines {
		v.pipeline(&f.Pipelines[i])
	}
	exclusive(r, f)
	loops(r, f)
	limits(r, f)
}

// resolver joins stages with plugins.
type resolver struct {
	decoder
	plugins []pipeline.Plugin
}

// global decodes the settings of the top level.
func (r *resolver) global(f *File) {
	known := append(namesOf(setting.Of(GlobalSettings())), "pipelines")
	slices.Sort(known)
	f.Settings = slices.DeleteFunc(f.Settings, func(s *Setting) bool {
		unknown := !slices.Contains(known, s.Name)
		if unknown {
			r.Add(s.NameAt, outsideHint(s, known), "unknown setting `%s`", s.Name)
		}
		return unknown
	})
	f.Global = *GlobalSettings()
	r.structure(reflect.ValueOf(&f.Global).Elem(), &Setting{Value: f.Settings}, "the file")
}

func (r *resolver) pipeline(p *Pipeline) {
	if len(p.Sources) == 0 && !p.unclear["sources"] {
		r.Add(cmp.Or(p.listsAt["sources"], p.At), stagesHint(p, "sources"), "pipeline `%s` has no sources", p.Name)
	}
	if len(p.Sinks) == 0 && !p.unclear["sinks"] {
		r.Add(cmp.Or(p.listsAt["sinks"], p.At), stagesHint(p, "sinks"), "pipeline `%s` has no sinks, so nothing would happen", p.Name)
	}
	r.stages(pipeline.KindSource, p.Name, p.Sources)
	r.stages(pipeline.KindFilter, p.Name, p.Filters)
	r.stages(pipeline.KindSink, p.Name, p.Sinks)
	for _, s := range p.Sinks {
		r.stages(pipeline.KindFilter, p.Name, s.Filters)
	}
}

func (r *resolver) stages(kind pipeline.Kind, pipelineName string, stages []Stage) {
	first := map[string]Stage{}
	for i := range stages {
		s := &stages[i]
		if s.Type == "" {
			continue // as was noted when it was read
		}
		if other, ok := first[s.Called()]; ok {
			at, before := apart(s, s.nameAt, &other, other.nameAt)
			r.Add(at, "give it another `name`", "a second %v is called `%s`; the first is at %v", kind, s.Called(), before)
		} else {
			first[s.Called()] = *s
		}
		if r.find(kind, s) && r.decode(s) {
			pluginErrors(r.Report, s.Settings, s.At, build(s, pipelineName))
		}
	}
}

// find finds the stage's plugin.
func (r *resolver) find(kind pipeline.Kind, s *Stage) bool {
	var types []string
	var elsewhere pipeline.Kind
	for _, p := range r.plugins {
		switch {
		case p.Kind == kind && p.Type == s.Type:
			s.Resolved = &Resolved{Plugin: p}
			return true
		case p.Kind == kind:
			types = append(types, p.Type)
		case p.Type == s.Type && elsewhere == 0:
			elsewhere = p.Kind
		}
	}
	if elsewhere != 0 {
		r.Add(s.At, fmt.Sprintf("move it to `%vs`", elsewhere), "`%s`%s is a %v, not a %v", s.Type, s.At.From(), elsewhere, kind)
		return false
	}
	slices.Sort(types)
	hint := cmp.Or(spelling.DidYouMean(s.Type, types), "`pmtud plugins` lists them all")
	r.Add(s.At, hint, "unknown %v `%s`%s", kind, s.Type, s.At.From())
	return false
}

// decode decodes the stage's settings into its plugin's struct. It reports whether those
// were all right.
func (r *resolver) decode(s *Stage) bool {
	is := s.Resolved
	is.Settings = is.Plugin.NewSettings()
	own := section{s.Settings, s.At, fmt.Sprintf("%v `%s`", is.Plugin.Kind, s.Type), is.Plugin.Kind}
	if own.kind != pipeline.KindSink {
		return r.decodeInto(is.Settings, own)
	}
	common := namesOf(setting.Of(SinkSettings()))
	of := func(isCommon bool) Table {
		return slices.DeleteFunc(slices.Clone(s.Settings), func(s *Setting) bool { return slices.Contains(common, s.Name) != isCommon })
	}
	own.Table = of(false)
	isRight := r.decodeInto(is.Settings, own)
	is.Sink = *SinkSettings()
	r.structure(reflect.ValueOf(&is.Sink).Elem(), &Setting{Value: of(true), At: s.At}, own.what)
	return isRight
}

// build builds the stage, which touches nothing, to hear what the plugin has to say of
// its settings and what it needs.
func build(s *Stage, pipelineName string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("plugin panicked: %v", v)
		}
	}()
	is := s.Resolved
	stage, err := is.Plugin.Build(is.Settings, pipeline.Env{
		Pipeline: pipelineName, Stage: s.Called(),
		Log:   slog.New(slog.DiscardHandler),
		Stdin: strings.NewReader(""), Stdout: io.Discard, Arrived: seen.New(1, 0), Published: seen.New(1, 0),
	})
	switch n, isHostUser := stage.(pipeline.HostUser); {
	case err != nil:
		return err
	case stage == nil:
		return fmt.Errorf("plugin %s built nothing", s.Type)
	case isHostUser:
		is.needs = n.Needs()
	default:
		_, isOpened := stage.(pipeline.Opener)
		is.undeclared = isOpened || is.Plugin.Kind != pipeline.KindFilter
	}
	return nil
}

package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/pipeline"
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
	v := resolver{r, plugins}
	settings := structReader{resolver: v}
	settings.global(f)
	for i := range f.Pipelines {
		v.pipeline(&f.Pipelines[i])
	}
	v.exclusive(f)
	v.loops(f)
	v.limits(f)
}

// resolver joins stages with plugins.
type resolver struct {
	*mistake.Report
	plugins []pipeline.Plugin
}

func (r *resolver) pipeline(p *Pipeline) {
	if len(p.Sources) == 0 && !p.unclear["sources"] {
		r.Add(cmp.Or(p.listsAt["sources"], p.At), stagesHint(p, "sources"), "pipeline `%s` has no sources", p.Name)
	}
	if len(p.Sinks) == 0 && !p.unclear["sinks"] {
		r.Add(cmp.Or(p.listsAt["sinks"], p.At), stagesHint(p, "sinks"), "pipeline `%s` has no sinks, so that nothing would happen", p.Name)
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
			at, before := apart(s, s.nameAt(), &other, other.nameAt())
			r.Add(at, "give it another `name`", "a second %v is called `%s`, first at %v", kind, s.Called(), before)
		} else {
			first[s.Called()] = *s
		}
		if r.find(kind, s) && r.decode(s) {
			r.stageErrors(s, build(s, trialEnv(pipelineName, s.Called())))
		}
	}
}

// apart returns places in two stages, or where the stages stand if aliases of YAML brought
// both from one place.
func apart(s *Stage, at Position, other *Stage, otherAt Position) (_, _ Position) {
	if at == otherAt {
		return cmp.Or(s.itemAt, at), cmp.Or(other.itemAt, otherAt)
	}
	return at, otherAt
}

// find finds the stage's plugin.
func (r *resolver) find(kind pipeline.Kind, s *Stage) bool {
	var types []string
	for _, p := range r.plugins {
		if p.Kind == kind && p.Type == s.Type {
			s.Resolved = &Resolved{Plugin: p}
			return true
		}
		if p.Kind == kind {
			types = append(types, p.Type)
		}
	}
	for _, p := range r.plugins {
		if p.Type == s.Type {
			r.Add(s.At, fmt.Sprintf("move it to `%vs`", p.Kind), "`%s`%s is a %v, not a %v", s.Type, s.At.From(), p.Kind, kind)
			return false
		}
	}
	slices.Sort(types)
	hint := cmp.Or(mistake.DidYouMean(s.Type, types), "`pmtud plugins` lists what there is")
	r.Add(s.At, hint, "unknown %v `%s`%s", kind, s.Type, s.At.From())
	return false
}

func trialEnv(pipelineName, stage string) pipeline.Env {
	return pipeline.Env{
		Pipeline: pipelineName, Stage: stage,
		Log:   slog.New(slog.DiscardHandler),
		Stdin: strings.NewReader(""), Stdout: io.Discard,
	}
}

// build builds the stage, which touches nothing, to hear what the plugin has to say of
// its settings and what it needs.
func build(s *Stage, env pipeline.Env) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("plugin panics: %v", v)
		}
	}()
	is := s.Resolved
	stage, err := is.Plugin.Build(is.Settings, env)
	switch n, isNeeder := stage.(pipeline.Needer); {
	case err != nil:
		return err
	case stage == nil:
		return fmt.Errorf("plugin %s built nothing", s.Type)
	case isNeeder:
		is.needs = n.Needs()
	default:
		_, isOpened := stage.(pipeline.Opener)
		is.undeclared = isOpened || is.Plugin.Kind != pipeline.KindFilter
	}
	return nil
}

// stageErrors notes what a plugin said of a stage.
func (r *resolver) stageErrors(s *Stage, err error) {
	for _, err := range split(err) {
		var bad *setting.Error
		if !errors.As(err, &bad) {
			r.Add(s.At, "", "%v", err)
			continue
		}
		if setting := s.Settings.Find(bad.Setting); setting != nil {
			r.settingError(setting.Name, setting.At, "", bad.Err)
			continue
		}
		whole := Position{File: s.At.File, Line: s.At.Line, Column: s.At.Column}
		r.settingError(bad.Setting, whole, "", bad.Err)
	}
}

// settingError notes a mistake in a setting's value. An option of the command
// line is not called by the name of the setting that it stands for.
func (r *resolver) settingError(name string, at Position, hint string, err error) {
	if at.Line == 0 && at.File != "" {
		r.Add(at, hint, "%v", err)
		return
	}
	message := err.Error() + at.From()
	if strings.HasPrefix(message, "must ") || strings.HasPrefix(message, "is ") {
		r.Add(at, hint, "`%s` %s", name, message)
		return
	}
	r.Add(at, hint, "`%s`: %s", name, message)
}

// split returns the errors that err joins, none if it is nil.
func split(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, split(e)...)
	}
	return errs
}

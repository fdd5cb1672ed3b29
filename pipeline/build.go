package pipeline

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// builder makes a pipeline from a spec and gathers mistakes instead of stopping
// at the first.
type builder struct {
	spec Spec
	errs []error
}

func newBuilder(spec Spec) *builder {
	if spec.QueueSize <= 0 {
		spec.QueueSize = DefaultQueueSize
	}
	if spec.Log == nil {
		spec.Log = slog.New(slog.DiscardHandler)
	}
	if spec.Stdin == nil {
		spec.Stdin = strings.NewReader("")
	}
	if spec.Stdout == nil {
		spec.Stdout = io.Discard
	}
	if spec.Arrived == nil {
		spec.Arrived = NewArrived()
	}
	return &builder{spec: spec}
}

func (b *builder) pipeline() *Pipeline {
	p := &Pipeline{
		name: b.spec.Name, chunk: maxChunk, watcher: b.spec.Watcher,
		mtus4: newHistogram(mtuBounds()), mtus6: newHistogram(mtuBounds()),
	}
	if len(b.spec.Sources) == 0 {
		b.errs = append(b.errs, fmt.Errorf("pipeline %s has no sources", p.name))
	}
	p.filters = b.chain(p, -1, b.spec.Filters)
	for i, s := range b.spec.Sources {
		stage := &sourceStage{name: s.name(), lossless: s.Plugin.Lossless}
		env := b.kernelFilter(p)
		env.Gate = &Gate{p, stage}
		if source, ok := build[Source](b, KindSource, -1, i, s, env); ok {
			stage.source = source
			p.sources = append(p.sources, stage)
			p.measure(s, "", source)
		}
	}
	live := !slices.ContainsFunc(p.sources, func(s *sourceStage) bool { return s.lossless })
	for i, s := range b.spec.Sinks {
		filters := b.chain(p, i, s.Filters)
		if s.QueueSize <= 0 {
			s.QueueSize = b.spec.QueueSize
		}
		p.chunk = min(p.chunk, s.QueueSize)
		if sink, ok := build[Sink](b, KindSink, -1, i, s.Stage, Env{}); ok {
			p.sinks = append(p.sinks, newSinkStage(s, sink, filters, live, b.spec.Arrived))
			p.measure(s.Stage, "", sink)
		}
	}
	p.gate = p.findGate()
	b.checkAllNames()
	return p
}

// chain builds the filters of the pipeline (sink -1) or of a sink.
func (b *builder) chain(p *Pipeline, sink int, stages []Stage) chain {
	var c chain
	owner := ""
	if sink >= 0 {
		owner = b.spec.Sinks[sink].name()
	}
	for i, s := range stages {
		f, ok := build[Filter](b, KindFilter, sink, i, s, Env{})
		if !ok {
			continue
		}
		c.add(s, f)
		p.measure(s, owner, f)
		if o, ok := f.(Opener); ok {
			p.openers = append(p.openers, openStage{s.name(), o})
		}
	}
	return c
}

// measure notes a stage that has metrics.
func (p *Pipeline) measure(s Stage, sink string, stage any) {
	if m, ok := stage.(Measurer); ok && len(s.Plugin.Metrics) > 0 {
		p.measured = append(p.measured, measured{s.Plugin.Kind, s.Plugin.Type, sink, s.name(), s.Plugin.Metrics, m})
	}
}

// kernelFilter returns an Env with the kernel's part of the first filter.
func (b *builder) kernelFilter(p *Pipeline) Env {
	if len(p.filters.filters) == 0 {
		return Env{}
	}
	if k, ok := p.filters.filters[0].(KernelFilter); ok {
		return Env{KernelFilter: k.KernelFilter}
	}
	return Env{}
}

func build[T any](b *builder, kind Kind, sink, index int, s Stage, env Env) (stage T, ok bool) {
	fail := func(err error) (T, bool) {
		b.errs = append(b.errs, &StageError{Kind: kind, Sink: sink, Index: index, Stage: s.name(), Err: err})
		return stage, false
	}
	if s.Plugin.Kind != kind {
		return fail(fmt.Errorf("%s is a %v, not a %v", s.Plugin.Type, s.Plugin.Kind, kind))
	}
	if s.Settings == nil {
		s.Settings = s.Plugin.NewSettings()
	}
	env.Pipeline, env.Stage = b.spec.Name, s.name()
	env.Log = b.spec.Log.With("stage", s.name())
	env.Program, env.Stdin, env.Stdout = b.spec.Program, b.spec.Stdin, b.spec.Stdout
	env.Arrived = b.spec.Arrived
	var built any
	err := guard(func() (err error) {
		built, err = s.Plugin.Build(s.Settings, env)
		return err
	})
	if err != nil {
		return fail(err)
	}
	stage, ok = built.(T)
	if !ok || any(stage) == nil {
		return fail(fmt.Errorf("plugin %s built a %T", s.Plugin.Type, built))
	}
	return stage, true
}

func (b *builder) checkAllNames() {
	b.checkNames(KindSource, -1, b.spec.Sources)
	b.checkNames(KindFilter, -1, b.spec.Filters)
	var sinks []Stage
	for i, s := range b.spec.Sinks {
		sinks = append(sinks, s.Stage)
		b.checkNames(KindFilter, i, s.Filters)
	}
	b.checkNames(KindSink, -1, sinks)
}

// checkNames finds names that two stages of a list share: their counters could
// not be told apart.
func (b *builder) checkNames(kind Kind, sink int, stages []Stage) {
	seen := map[string]bool{}
	for i, s := range stages {
		if seen[s.name()] {
			b.errs = append(b.errs, &StageError{
				Kind: kind, Sink: sink, Index: i, Stage: s.name(),
				Err: fmt.Errorf("a second %v is called %q; give it another name", kind, s.name()),
			})
		}
		seen[s.name()] = true
	}
}

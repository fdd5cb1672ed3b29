package pipeline

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline/seen"
)

// builder makes a pipeline from a spec and gathers mistakes instead of stopping
// at the first.
type builder struct {
	spec  Spec
	built map[StageID]any
	errs  []error
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
		spec.Arrived = seen.Recent()
	}
	if spec.Published == nil {
		spec.Published = seen.Published()
	}
	return &builder{spec: spec, built: map[StageID]any{}}
}

func (b *builder) pipeline() *Pipeline {
	p := &Pipeline{
		name: b.spec.Name, chunk: maxChunk, watcher: b.spec.Watcher, ear: b.spec.Ear,
		mtus4: newHistogram(mtuBounds()), mtus6: newHistogram(mtuBounds()),
	}
	if len(b.spec.Sources) == 0 {
		b.errs = append(b.errs, fmt.Errorf("pipeline %s has no sources", p.name))
	}
	own := b.chains() // the pipeline's filters, then each sink's
	p.filters = own[0]
	b.sinks(p, own[1:])
	p.total = p.findTotal()
	b.sources(p)
	for id, s := range b.spec.stages() {
		p.stages = append(p.stages, built{id, s.Plugin, b.built[id]})
	}
	b.checkNames()
	return p
}

// chains builds the filters of the pipeline and of each sink.
func (b *builder) chains() []chain {
	all := make([]chain, 1+len(b.spec.Sinks))
	for id, s := range b.spec.stages() {
		if id.Kind != KindFilter {
			continue
		}
		if f, ok := build[Filter](b, id, s, Env{}); ok {
			all[id.Sink+1].add(s, f)
		}
	}
	return all
}

func (b *builder) sources(p *Pipeline) {
	for id, s := range b.spec.stages() {
		if id.Kind != KindSource {
			continue
		}
		stage := &sourceStage{name: id.Name, plugin: s.Plugin.Type, lossless: s.Plugin.Lossless}
		env := b.kernelFilter(p)
		if p.total != noTotal {
			gate := gate{p, stage}
			env.SaturatedFor, env.CountRefused = gate.saturatedFor, gate.countRefused
		}
		if source, ok := build[Source](b, id, s, env); ok {
			stage.source = source
			p.sources = append(p.sources, stage)
		}
	}
}

func (b *builder) sinks(p *Pipeline, filters []chain) {
	live := !slices.ContainsFunc(b.spec.Sources, func(s Stage) bool { return s.Plugin.Lossless })
	for id := range b.spec.stages() {
		if id.Kind != KindSink {
			continue
		}
		s := b.spec.Sinks[id.Index]
		if s.QueueSize <= 0 {
			s.QueueSize = b.spec.QueueSize
		}
		p.chunk = min(p.chunk, s.QueueSize)
		if sink, ok := build[Sink](b, id, s.Stage, Env{}); ok {
			p.sinks = append(p.sinks, newSinkStage(s, sink, filters[id.Index], live, b.spec.Arrived))
		}
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

func build[T any](b *builder, id StageID, s Stage, env Env) (stage T, ok bool) {
	fail := func(err error) (T, bool) {
		b.errs = append(b.errs, &StageError{id, err})
		return stage, false
	}
	if s.Plugin.Kind != id.Kind {
		return fail(fmt.Errorf("%s is a %v, not a %v", s.Plugin.Type, s.Plugin.Kind, id.Kind))
	}
	if s.Settings == nil {
		s.Settings = s.Plugin.NewSettings()
	}
	env.Pipeline, env.Stage = b.spec.Name, id.Name
	env.Log = b.spec.Log.With("stage", id.Name)
	env.Program, env.Stdin, env.Stdout = b.spec.Program, b.spec.Stdin, b.spec.Stdout
	env.Arrived, env.Published = b.spec.Arrived, b.spec.Published
	env.Canaries = b.spec.Ear != nil
	var got any
	err := guard(func() (err error) {
		got, err = s.Plugin.Build(s.Settings, env)
		return err
	})
	if err != nil {
		return fail(err)
	}
	stage, ok = got.(T)
	if !ok || any(stage) == nil {
		return fail(fmt.Errorf("plugin %s built a %T", s.Plugin.Type, got))
	}
	b.built[id] = got
	return stage, true
}

// checkNames finds names that two stages of a list share: their counters could
// not be told apart.
func (b *builder) checkNames() {
	seen := map[StageID]bool{}
	for id := range b.spec.stages() {
		named := id
		named.Index = 0
		if seen[named] {
			b.errs = append(b.errs, &StageError{id, fmt.Errorf("a second %v is called %q; give it another name", id.Kind, id.Name)})
		}
		seen[named] = true
	}
}

package pipeline

import "slices"

// A SaturationReporter is a Limiter that at times refuses whatever comes: its budget does
// not depend on the packet. While it does, a live source need not read packets at
// all. What it leaves unread is counted as dropped by the SaturationReporter, also what an
// earlier filter would have dropped; other filters do not see it. A SaturationReporter that
// a sink has for itself, or in a pipeline with a sink that wants what is dropped ([Needs]), is not asked.
type SaturationReporter interface {
	Limiter

	// SaturatedUntil returns the time up to which Filter refuses every packet, and the
	// reason. A time that is not after the clock's says nothing.
	SaturatedUntil() (until Instant, reason Reason)
}

// gate lets a source know when the pipeline refuses every packet, and counts what the
// source therefore left unread: see [Env].
type gate struct {
	pipeline *Pipeline
	source   *sourceStage
}

func (g gate) saturatedUntil() (until Instant, ok bool) {
	p := g.pipeline
	if p.gate == noGate {
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	until, _ = p.gatekeeper().SaturatedUntil()
	return until - p.clock.offset, until > p.clock.now
}

func (g gate) countRefused(n int, last Instant) {
	p := g.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return // as nothing is taken any more
	}
	p.clock.Advance(last)
	_, reason := p.gatekeeper().SaturatedUntil()
	g.source.received += uint64(n)
	p.received += uint64(n)
	stage := &p.filters.stages[p.gate]
	at := known(reason, stage.reasons)
	stage.dropped[at] += uint64(n)
	if p.watcher != nil {
		p.watcher.Unread(n, Verdict{Stage: stage.name, Reason: stage.reasons[at]})
	}
}

// gatekeeper returns the filter that the pipeline's gate is about.
func (p *Pipeline) gatekeeper() SaturationReporter {
	return p.filters.filters[p.gate].(SaturationReporter)
}

// noGate stands for a pipeline that nothing can shut.
const noGate = -1

// findGate returns the index of the first filter that can shut the pipeline.
func (p *Pipeline) findGate() int {
	if slices.ContainsFunc(p.sinks, func(s *sinkStage) bool { return s.observesDrops }) {
		return noGate
	}
	return slices.IndexFunc(p.filters.filters, func(f Filter) bool {
		_, ok := f.(SaturationReporter)
		return ok
	})
}

package pipeline

import "time"

// gate lets a source know what the pipeline need not see for a while, and counts what the
// source therefore left unread: see [Env].
type gate struct {
	pipeline *Pipeline
	source   *sourceStage
}

func (g gate) saturatedFor() (all, newcomers time.Duration) {
	p := g.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now
	untilAll, untilNewcomers, _ := p.gatekeeper().SaturatedUntil(now)
	return time.Duration(max(untilAll-now, 0)), time.Duration(max(untilNewcomers-now, 0))
}

func (g gate) countRefused(n int, last Instant) {
	p := g.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return // as nothing is taken any more
	}
	p.clock.Advance(last)
	_, _, reason := p.gatekeeper().SaturatedUntil(p.clock.now)
	g.source.received += uint64(n)
	p.received += uint64(n)
	stage := &p.filters.stages[p.total]
	at := known(reason, stage.reasons)
	stage.dropped[at] += uint64(n)
	if p.watcher != nil {
		p.watcher.Unread(n, Verdict{Stage: stage.name, Reason: stage.reasons[at]})
	}
}

// gatekeeper returns the filter that the pipeline's gate is about.
func (p *Pipeline) gatekeeper() TotalLimiter {
	return p.filters.filters[p.total].(TotalLimiter)
}

package service

import (
	"context"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// probe asks a pipeline for its books, but not again before it has answered. It is
// used by the pulse only.
type probe struct {
	asked   bool
	answers chan reading

	latest reading
	told   reading // when rates were last told
}

// reading is what the books were at a time.
type reading struct {
	at time.Time
	pipeline.Counters
}

// ask reports whether the pipeline answers before ctx is done.
func (p *probe) ask(ctx context.Context, pipeline *pipeline.Pipeline) bool {
	if !p.asked {
		p.asked, p.answers = true, make(chan reading, 1)
		go func() { p.answers <- reading{time.Now(), pipeline.Counters()} }()
	}
	select {
	case p.latest = <-p.answers:
		p.asked = false
		return true
	case <-ctx.Done():
		return false
	}
}

// rates returns how many packets were received and forwarded per second since they
// were last asked for, or since then.
func (p *probe) rates(since time.Time) (received, forwarded float64) {
	before, now := p.told, p.latest
	p.told = now
	if before.at.IsZero() {
		before.at = since
	}
	seconds := now.at.Sub(before.at).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(now.Received-before.Received) / seconds, float64(now.Forwarded-before.Forwarded) / seconds
}

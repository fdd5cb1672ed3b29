package control

import (
	"context"
	"math"
	"os"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/health"
	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// Daemon is what is looked at.
type Daemon struct {
	Program string // its name
	Version string
	Files   bool // the configuration can be reloaded
	Status  func() service.Status
	Live    *live.Live
}

// State returns what the daemon does now.
func (d Daemon) State(ctx context.Context) Status {
	st := d.Status()
	s := Status{
		Program: d.Program, Version: d.Version, PID: os.Getpid(), Started: st.Started, Now: time.Now(),
		Config: Config{
			Hash: st.Reload.Hash, Loaded: st.Reload.At, Reloads: st.Reload.Attempts,
			Failures: st.Reload.Failures, LastGood: st.Reload.Good, Error: st.Reload.Err, Command: !d.Files,
		},
		Pipelines: []Pipeline{}, Health: []Health{}, Canary: canaryState(st.Hearing),
	}
	findings := health.Judge(st)
	s.Ready = health.Ready(findings)
	for _, f := range findings {
		if f.Trouble == "" {
			continue
		}
		kind := ""
		if f.Kind != 0 {
			kind = f.Kind.String()
		}
		s.Health = append(s.Health, Health{f.Pipeline, kind, f.Owner, f.Name, f.Trouble})
	}
	for i, now := range d.Live.Now(ctx, st) {
		s.Pipelines = append(s.Pipelines, pipelineState(st.Pipelines[i], now))
	}
	return s
}

func pipelineState(p service.PipelineStatus, now live.Now) Pipeline {
	out := Pipeline{
		Name: p.Name, State: Running, Since: p.Since,
		Sources: []Source{}, Filters: []Filter{}, Sinks: []Sink{}, Figures: []Figure{},
	}
	switch {
	case p.Err != nil:
		out.State = Failed
		out.Error, _, _ = strings.Cut(p.Err.Error(), "\ngoroutine ")
	case p.Ended:
		out.State = Ended
	case !now.OK:
		out.State = Silent
	}
	if now.OK {
		r := readings{now.Counters, now.Ten.Counters, now.Minute.Counters, span(now.At, now.Ten, p.Since), span(now.At, now.Minute, p.Since)}
		if p.Ended {
			r.ten, r.minute = r.now, r.now
		}
		r.fill(&out)
		p.Pipeline.Measure(func(m pipeline.Measurement) { out.Figures = append(out.Figures, figure(m)) })
	}
	return out
}

// span returns the seconds since an earlier reading, or since the pipeline was opened.
func span(now time.Time, before service.Snapshot, since time.Time) float64 {
	if before.OK {
		since = before.At
	}
	return now.Sub(since).Seconds()
}

func figure(m pipeline.Measurement) Figure {
	return Figure{m.Kind.String(), m.Owner, m.Name, m.Metric.Name, m.Metric.Label, m.Label, m.Value}
}

// readings are the counters of a pipeline at three times. Earlier ones are zero where the
// pipeline was not open yet.
type readings struct {
	now, ten, minute pipeline.Counters
	seconds10        float64 // since ten
	seconds60        float64
}

func (r readings) fill(p *Pipeline) {
	p.Received = r.count(func(c pipeline.Counters) uint64 { return c.Received })
	p.Forwarded = r.count(func(c pipeline.Counters) uint64 { return c.Forwarded })
	p.Dropped = r.count(func(c pipeline.Counters) uint64 { return c.Received - c.Forwarded })
	p.Lost = r.count(service.Lost)
	for i, s := range r.now.Sources {
		p.Sources = append(p.Sources, Source{
			Name:     s.Source,
			Received: r.count(func(c pipeline.Counters) uint64 { return at(c.Sources, i).Received }),
			Lost:     r.count(func(c pipeline.Counters) uint64 { return at(c.Sources, i).Lost }),
		})
	}
	p.Filters = r.filters(func(c pipeline.Counters) []pipeline.StageCount { return c.Dropped })
	for i := range r.now.Sinks {
		p.Sinks = append(p.Sinks, r.sink(i))
	}
}

func (r readings) sink(i int) Sink {
	of := func(c pipeline.Counters) pipeline.SinkCount { return at(c.Sinks, i) }
	s := of(r.now)
	return Sink{
		Name:      s.Sink,
		Offered:   r.count(func(c pipeline.Counters) uint64 { return of(c).Offered }),
		Delivered: r.count(func(c pipeline.Counters) uint64 { return of(c).Delivered }),
		Filters:   r.filters(func(c pipeline.Counters) []pipeline.StageCount { return of(c).Dropped }),
		Failed:    r.reasons(func(c pipeline.Counters) []pipeline.ReasonCount { return of(c).Failed }),
		Shed:      r.reasons(func(c pipeline.Counters) []pipeline.ReasonCount { return of(c).Shed }),
		Queued:    s.Queued, QueueSize: s.QueueSize, Canaries: canariesSent(s.Canaries),
	}
}

func (r readings) filters(of func(pipeline.Counters) []pipeline.StageCount) []Filter {
	filters := []Filter{}
	for i, s := range of(r.now) {
		filters = append(filters, Filter{s.Stage, r.reasons(func(c pipeline.Counters) []pipeline.ReasonCount {
			return at(of(c), i).Reasons
		})})
	}
	return filters
}

func (r readings) reasons(of func(pipeline.Counters) []pipeline.ReasonCount) []Reason {
	reasons := []Reason{}
	for i, c := range of(r.now) {
		reasons = append(reasons, Reason{c.Reason, r.count(func(c pipeline.Counters) uint64 { return at(of(c), i).Packets })})
	}
	return reasons
}

// count returns a number with its rates.
func (r readings) count(of func(pipeline.Counters) uint64) Count {
	n := of(r.now)
	return Count{n, rate(n, of(r.ten), r.seconds10), rate(n, of(r.minute), r.seconds60)}
}

// rate returns how fast a counter grew, to a hundredth.
func rate(now, before uint64, seconds float64) float64 {
	if now <= before || seconds <= 0 {
		return 0
	}
	return math.Round(100*float64(now-before)/seconds) / 100
}

// at returns an element, or the zero value of a reading that was not taken.
func at[T any](list []T, i int) (zero T) {
	if i < len(list) {
		return list[i]
	}
	return zero
}

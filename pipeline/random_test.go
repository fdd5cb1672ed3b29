package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// randomPipeline is a pipeline with stages that decide, fail, dawdle and panic at
// random, and their own account of it.
type randomPipeline struct {
	random   *rand.Rand // to make the spec
	panics   float64    // probability of a panic, by call
	stopAt   uint64     // packet of a source at which to stop; 0 is never
	stop     context.CancelFunc
	panicked atomic.Bool
	sources  []*atomic.Uint64
	filters  []*tally
	sinks    []*randomSink
}

// tally counts reasons as a stage gave them.
type tally struct {
	name  string
	given [8]atomic.Uint64
}

type randomSink struct {
	filters []*tally
	failed  *tally
}

const declared = 3 // reasons of random stages; greater ones are undeclared

var reasonNames = []string{"one", "two", "three"}

func newRandomPipeline(seed uint64) *randomPipeline {
	r := &randomPipeline{random: newRand(seed)}
	if r.random.IntN(3) == 0 {
		r.panics = 1.0 / 2000
	}
	if r.random.IntN(3) == 0 {
		r.stopAt = 1 + r.random.Uint64N(1000)
	}
	return r
}

func (r *randomPipeline) spec() pipeline.Spec {
	spec := pipeline.Spec{Name: "random", QueueSize: 1 + r.random.IntN(100)}
	for i := range 1 + r.random.IntN(3) {
		spec.Sources = append(spec.Sources, r.source(fmt.Sprint("source-", i)))
	}
	spec.Filters, r.filters = r.chain()
	for i := range r.random.IntN(4) {
		spec.Sinks = append(spec.Sinks, r.sink(fmt.Sprint("sink-", i)))
	}
	return spec
}

func (r *randomPipeline) source(name string) pipeline.Stage {
	random, delivered := r.fork(), new(atomic.Uint64)
	r.sources = append(r.sources, delivered)
	return sourceStage(name, source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
		packets := messages(700)
		for left := 1000; left > 0 && ctx.Err() == nil; {
			n := min(left, 1+random.IntN(len(packets)))
			left -= n
			r.maybePanic(random)
			if d := delivered.Add(uint64(n)); r.stopAt > 0 && d >= r.stopAt {
				r.stop()
			}
			deliver(packets[:n])
		}
		return nil
	}}, r.random.IntN(2) == 0)
}

func (r *randomPipeline) chain() (stages []pipeline.Stage, tallies []*tally) {
	for i := range r.random.IntN(4) {
		tl := &tally{name: fmt.Sprint("filter-", i)}
		tallies = append(tallies, tl)
		stages = append(stages, filterStage(tl.name, r.filter(tl), reasonNames...))
	}
	return stages, tallies
}

func (r *randomPipeline) filter(tl *tally) pipeline.Filter {
	random, passes := r.fork(), r.random.Float64()
	f := filter{filter: func(*pipeline.Packet) pipeline.Reason {
		r.maybePanic(random)
		return tl.give(random, passes)
	}}
	if r.random.IntN(2) == 0 {
		return f
	}
	return limiter{f, func(*pipeline.Packet) { r.maybePanic(random) }}
}

func (r *randomPipeline) sink(name string) pipeline.SinkStage {
	random, delivers, dawdles := r.fork(), r.random.Float64(), r.random.IntN(50)
	rs := &randomSink{failed: new(tally)}
	r.sinks = append(r.sinks, rs)
	var filters []pipeline.Stage
	filters, rs.filters = r.chain()
	stage := sinkStage(name, sink{
		drops: r.random.IntN(2) == 0,
		deliver: func(_ []*pipeline.Packet, failed []pipeline.Reason) {
			r.maybePanic(random)
			for range dawdles {
				runtime.Gosched()
			}
			for i := range failed {
				failed[i] = rs.failed.give(random, delivers)
			}
		},
		flush: func() { r.maybePanic(random) },
	}, filters...)
	stage.QueueSize = r.random.IntN(100)
	if r.random.IntN(4) == 0 {
		stage.MaxAge = 1 // all packets are too old
	}
	return stage
}

// fork returns a source of chance for one goroutine.
func (r *randomPipeline) fork() *rand.Rand { return newRand(r.random.Uint64()) }

func (r *randomPipeline) maybePanic(random *rand.Rand) {
	if random.Float64() < r.panics {
		r.panicked.Store(true)
		panic("at random")
	}
}

func (tl *tally) give(random *rand.Rand, passes float64) pipeline.Reason {
	r := pipeline.Pass
	if random.Float64() >= passes {
		r = pipeline.Reason(1 + random.IntN(len(tl.given)-1))
	}
	tl.given[r].Add(1)
	return r
}

// check compares the engine's counters with what the stages did.
func (r *randomPipeline) check(t *testing.T, c pipeline.Counters) {
	t.Helper()
	for i, s := range c.Sources {
		if delivered := r.sources[i].Load(); s.Received > delivered || !r.panicked.Load() && s.Received < delivered {
			t.Errorf("source %s delivered %d, received %d", s.Source, delivered, s.Received)
		}
	}
	checkDrops(t, c.Dropped, r.filters)
	for i, s := range c.Sinks {
		checkDrops(t, s.Dropped, r.sinks[i].filters)
		failed := r.sinks[i].failed
		checkReasons(t, s.Sink, s.Failed[:declared+1], failed)
		if s.Delivered != failed.given[pipeline.Pass].Load() {
			t.Errorf("sink %s: delivered %d, the sink says %d", s.Sink, s.Delivered, failed.given[pipeline.Pass].Load())
		}
	}
}

func checkDrops(t *testing.T, got []pipeline.StageCount, want []*tally) {
	t.Helper()
	for i, s := range got {
		checkReasons(t, s.Stage, s.Reasons[:declared+1], want[i])
	}
}

// checkReasons compares declared reasons and the sum of all others.
func checkReasons(t *testing.T, stage string, got []pipeline.ReasonCount, want *tally) {
	t.Helper()
	for i := range declared {
		if n := want.given[i+1].Load(); got[i].Packets != n {
			t.Errorf("stage %s: %d with reason %s, the stage says %d", stage, got[i].Packets, got[i].Reason, n)
		}
	}
	var undeclared uint64
	for i := declared + 1; i < len(want.given); i++ {
		undeclared += want.given[i].Load()
	}
	if got[declared].Packets != undeclared {
		t.Errorf("stage %s: %d undeclared, the stage says %d", stage, got[declared].Packets, undeclared)
	}
}

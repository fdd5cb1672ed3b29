package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline/canary"
)

// closeTimeout bounds how long a pipeline waits, when it ends, for its sources to return and then
// for its sinks to empty their queues.
const closeTimeout = 5 * time.Second

// Pipeline is a built pipeline. Open, Run and Close are called once each, in this
// order, by one goroutine; Counters at any time by any.
type Pipeline struct {
	name  string
	chunk int // packets that go through the filters at once

	stages  []built // all, in the order of the configuration
	sources []*sourceStage
	sinks   []*sinkStage

	total int // index of the filter that is asked first under a flood, and for sources' gates; or noTotal

	watcher Watcher     // nil if there is none
	ear     *canary.Ear // nil if nobody wants to hear canaries

	turn sync.Mutex // held by the source that can wait whose batch is being delivered

	mu             sync.Mutex // guards what follows, and is held while filters run
	clock          clock
	filters        chain
	received       uint64
	forwarded      uint64
	canaries       uint64 // dropped
	forwardedBytes uint64
	mtus4          histogram          // of forwarded PTBs of IPv4
	mtus6          histogram          // of IPv6
	failure        error              // of a plugin that panicked, or of sources that did not return
	stop           context.CancelFunc // nil before Run
}

type sourceStage struct {
	name     string
	plugin   string // its type
	source   Source
	lossless bool
	received uint64
	bytes    uint64
	ended    atomic.Bool // without an error, though it should not have
	running  bool        // Run has not returned, as far as runSources knows
}

// New builds a pipeline. It touches nothing outside the process. Its error joins
// every mistake found, each a [StageError].
func New(spec Spec) (*Pipeline, error) {
	b := newBuilder(spec)
	p := b.pipeline()
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// Name returns the pipeline's name.
func (p *Pipeline) Name() string { return p.name }

// Open opens the sinks, then the filters, then the sources, so that everything
// is in place before the first packet. When it fails, what was opened is closed.
func (p *Pipeline) Open(ctx context.Context) error {
	err := p.open(ctx)
	if err != nil {
		err = errors.Join(err, p.Close())
	}
	return err
}

func (p *Pipeline) open(ctx context.Context) error {
	for _, kind := range []Kind{KindSink, KindFilter, KindSource} {
		for s, stage := range p.held(kind) {
			if err := guard(func() error { return stage.Open(ctx) }); err != nil {
				return fmt.Errorf("%v %s: %w", kind, s.Name, err)
			}
		}
	}
	return nil
}

// held returns the stages of a kind that hold something from outside the process.
func (p *Pipeline) held(kind Kind) iter.Seq2[StageID, Opener] {
	return func(yield func(StageID, Opener) bool) {
		for _, s := range p.stages {
			if stage, ok := s.stage.(Opener); ok && s.Kind == kind && !yield(s.StageID, stage) {
				return
			}
		}
	}
}

// Run moves packets until every source has ended, ctx is done, or a stage fails.
// A source that does not return within five seconds then is left behind, and nothing is
// taken from it. Run returns when the sinks' queues are empty, or after five seconds of trying:
// then what is left in them is counted with `stopped`, and a sink that
// still does not return from its call is left behind. When sources that can wait have
// come to their end, the five seconds begin with the end of ctx.
func (p *Pipeline) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.begin(cancel)

	var sinks sync.WaitGroup
	for _, s := range p.sinks {
		sinks.Go(func() {
			if s.run() != nil {
				cancel()
			}
		})
	}
	err := p.runSources(ctx)
	if err != nil {
		cancel()
	}
	for _, s := range p.sinks {
		s.queue.close()
	}
	stuck := p.awaitSinks(ctx, &sinks)
	return errors.Join(err, p.failed(), stuck)
}

// begin notes how the pipeline is stopped, which it is if a stage has failed already.
func (p *Pipeline) begin(stop context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop = stop
	if p.failure != nil {
		stop()
	}
}

// fail stops the pipeline because of a plugin that panicked. The caller holds the lock.
func (p *Pipeline) fail(err error) {
	if p.failure == nil {
		p.failure = err
	}
	if p.stop != nil {
		p.stop()
	}
}

// runSources runs all sources and returns when all of them have returned, or have been left
// behind.
func (p *Pipeline) runSources(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A source may wait for space in a queue; stopping must free it.
	defer context.AfterFunc(ctx, func() {
		for _, s := range p.sinks {
			s.queue.stopWaiting()
		}
	})()

	returns := make(chan sourceReturn, len(p.sources)) // with room for those that nobody waits for
	for _, s := range p.sources {
		s.running = true
		go func() {
			deliver := func(batch []Packet) { p.deliver(s, batch) }
			err := guard(func() error { return s.source.Run(ctx, deliver) })
			if err != nil {
				err = fmt.Errorf("source %s: %w", s.name, err)
				cancel()
			}
			s.ended.Store(!s.lossless && ctx.Err() == nil)
			returns <- sourceReturn{s, err}
		}()
	}
	return p.awaitSources(ctx, returns)
}

// sourceReturn is what a source's Run returned.
type sourceReturn struct {
	source *sourceStage
	err    error
}

func (p *Pipeline) awaitSources(ctx context.Context, returns <-chan sourceReturn) error {
	var errs []error
	stopped, timeout := ctx.Done(), (<-chan time.Time)(nil)
	for left := len(p.sources); left > 0; {
		select {
		case r := <-returns:
			r.source.running = false
			errs = append(errs, r.err)
			left--
		case <-stopped:
			stopped, timeout = nil, time.After(closeTimeout)
		case <-timeout:
			p.leaveSources()
			left = 0
		}
	}
	return errors.Join(errs...)
}

// leaveSources leaves the sources behind that still run. With the failure, nothing is taken any more.
func (p *Pipeline) leaveSources() {
	var stuck []string
	for _, s := range p.sources {
		if s.running {
			stuck = append(stuck, s.name)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = errors.Join(p.failure,
		fmt.Errorf("stop pipeline: stuck for %v: source %s", closeTimeout, strings.Join(stuck, ", ")))
}

// awaitSinks waits until the sinks have emptied their queues. They have time for that
// while nobody wants the pipeline to stop and none of its sources is live.
func (p *Pipeline) awaitSinks(ctx context.Context, sinks *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { sinks.Wait(); close(done) }()
	if p.Finite() {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
		}
	}
	timeout := time.NewTimer(closeTimeout)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case <-timeout.C:
	}
	var stuck []string
	for _, s := range p.sinks {
		if s.abandon() {
			stuck = append(stuck, s.name)
		}
	}
	if len(stuck) == 0 {
		<-done
		return nil
	}
	return fmt.Errorf("stop pipeline: stuck for %v: sink %s", closeTimeout, strings.Join(stuck, ", "))
}

// Close closes the sources, then the filters, then the sinks.
func (p *Pipeline) Close() error {
	var errs []error
	for _, kind := range []Kind{KindSource, KindFilter, KindSink} {
		for s, stage := range p.held(kind) {
			if kind == KindSink && p.sinks[s.Index].abandoned() || kind == KindSource && p.sources[s.Index].running {
				continue
			}
			if err := guard(stage.Close); err != nil {
				errs = append(errs, fmt.Errorf("%v %s: %w", kind, s.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// failed returns the errors of filters and sinks.
func (p *Pipeline) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	errs := []error{p.failure}
	for _, s := range p.sinks {
		errs = append(errs, s.failure())
	}
	return errors.Join(errs...)
}

// guard calls f and returns a panic as an error.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicError(v)
		}
	}()
	return f()
}

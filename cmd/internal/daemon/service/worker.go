package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

const (
	// openTimeout bounds how long a pipeline may take to open.
	openTimeout = 10 * time.Second

	// endTimeout bounds how long pipelines may take to end. It is longer than a
	// pipeline itself waits for its sources and its sinks.
	endTimeout = 12 * time.Second

	// grace is how long a stage may go on after its context is done.
	grace = time.Second
)

// worker opens, runs and closes a pipeline in a goroutine of its own.
type worker struct {
	Wanted
	pipeline  *pipeline.Pipeline
	exclusive []string // what only one pipeline may hold at a time
	log       *slog.Logger

	ctx     context.Context // of its life
	cancel  context.CancelFunc
	opening context.Context // done when it should be open; nil if that never began
	opened  chan error      // gets the result of opening
	givenUp bool            // it did not open in time, and is left behind
	since   time.Time       // it was opened; set before opened gets a result
	start   chan struct{}   // closed to let it run
	ended   chan struct{}   // closed when it is closed
	err     error           // of opening or running; set before it ends
	close   error           // of closing; likewise

	progress progress // as the pulse knows it
}

// newWorker builds a pipeline, which lives no longer than ctx.
func newWorker(ctx context.Context, wanted Wanted, log *slog.Logger) (*worker, error) {
	p, err := wanted.Build()
	if err != nil {
		return nil, err
	}
	w := &worker{
		Wanted: wanted, pipeline: p, log: log.With("pipeline", wanted.Name),
		opened: make(chan error, 1), start: make(chan struct{}), ended: make(chan struct{}),
	}
	for _, stage := range p.Stages() {
		if n, ok := stage.(pipeline.HostUser); ok {
			w.exclusive = append(w.exclusive, n.Needs().Exclusive...)
		}
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w, nil
}

// failed returns a worker that stands for one that is gone and could not be replaced.
func (w *worker) failed(err error) *worker {
	f := &worker{
		Wanted: w.Wanted, pipeline: w.pipeline, log: w.log, cancel: w.cancel, since: w.since,
		ended: make(chan struct{}), err: err,
	}
	close(f.ended)
	return f
}

// open opens the pipeline in its goroutine, and runs it when start is closed. At the end it
// notifies ends.
func (w *worker) open(ends chan<- struct{}) {
	opening, stop := context.WithTimeout(w.ctx, openTimeout)
	w.opening = opening
	go func() {
		began := time.Now()
		err := w.pipeline.Open(opening)
		w.since = time.Now()
		if err == nil {
			w.log.Debug("pipeline opened", "took", w.since.Sub(began).Round(time.Microsecond))
		}
		w.opened <- err
		stop()
		if err == nil {
			w.live()
		} else {
			w.err = err
		}
		w.cancel()
		close(w.ended)
		select {
		case ends <- struct{}{}:
		default: // an end is pending already
		}
	}()
}

// live runs and closes the pipeline.
func (w *worker) live() {
	select {
	case <-w.start:
		w.err = w.pipeline.Run(w.ctx)
	case <-w.ctx.Done():
	}
	if w.err != nil {
		w.log.Error("pipeline failed", "error", w.err)
	}
	w.log.Debug("closing pipeline")
	if w.close = w.pipeline.Close(); w.close != nil {
		w.log.Error("can't close pipeline", "error", w.close)
	}
}

// awaitOpen returns the result of opening.
func (w *worker) awaitOpen() error {
	select {
	case err := <-w.opened:
		return err
	case <-w.opening.Done():
	}
	select {
	case err := <-w.opened:
		return err
	case <-time.After(grace):
		w.cancel()
		w.givenUp = true
		return fmt.Errorf("it did not open: %w", w.opening.Err())
	}
}

func (w *worker) hasEnded() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// failure returns why a pipeline that has ended failed, or nil.
func (w *worker) failure() error { return errors.Join(w.err, w.close) }

// holds reports whether the pipeline has something exclusive that other needs.
func (w *worker) holds(other *worker) bool {
	return !w.hasEnded() && slices.ContainsFunc(w.exclusive, func(name string) bool {
		return slices.Contains(other.exclusive, name)
	})
}

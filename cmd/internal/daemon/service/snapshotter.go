package service

import (
	"context"
	"sync"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Snapshotter reads the counters of pipelines, and does not wait for one that hangs. Such a
// pipeline is asked once, and its answer awaited, so requests don't pile up. The zero value
// is ready for use, by any number of goroutines.
type Snapshotter struct {
	mu      sync.Mutex
	pending map[*pipeline.Pipeline]*request
}

// request waits for the answer of a pipeline.
type request struct {
	answered chan struct{}
	answer   Snapshot // once it is
}

// Snapshot is the answer of a pipeline.
type Snapshot struct {
	OK       bool      // otherwise it has not answered
	At       time.Time // when
	Counters pipeline.Counters
}

// Snapshots asks all pipelines at once and returns their answers in the same order, as
// far as they come before ctx is done.
func (q *Snapshotter) Snapshots(ctx context.Context, pipelines []*pipeline.Pipeline) []Snapshot {
	asked := make([]*request, len(pipelines))
	for i, p := range pipelines {
		asked[i] = q.ask(p)
	}
	answers := make([]Snapshot, len(pipelines))
	for i, a := range asked {
		if a.await(ctx) {
			answers[i] = a.answer
		}
	}
	return answers
}

// await reports whether there is an answer before ctx is done, or was.
func (q *request) await(ctx context.Context) bool {
	select {
	case <-q.answered:
		return true
	default:
	}
	select {
	case <-q.answered:
		return true
	case <-ctx.Done():
		return false
	}
}

// ask makes a request, or returns the pending one.
func (q *Snapshotter) ask(p *pipeline.Pipeline) *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if a, ok := q.pending[p]; ok {
		return a
	}
	if q.pending == nil {
		q.pending = map[*pipeline.Pipeline]*request{}
	}
	a := &request{answered: make(chan struct{})}
	q.pending[p] = a
	go func() { // nobody can wait for it if the pipeline hangs
		counters := p.Counters()
		a.answer = Snapshot{true, time.Now(), counters}
		q.mu.Lock()
		delete(q.pending, p)
		q.mu.Unlock()
		close(a.answered)
	}()
	return a
}

package service

import (
	"context"
	"sync"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Questions asks pipelines for their books without being held up by one that hangs.
// Of those, each is asked once and then waited for, so that askers don't gather. The
// zero value is ready for use, by any number of goroutines.
type Questions struct {
	mu      sync.Mutex
	pending map[*pipeline.Pipeline]*question
}

// question is one that was put to a pipeline and waits for its answer.
type question struct {
	answered chan struct{}
	answer   Answer // once it is
}

// Answer is what a pipeline answered.
type Answer struct {
	Answered bool      // otherwise there are no books
	At       time.Time // when
	Books    pipeline.Counters
}

// Ask asks all pipelines at once and returns their answers in the same order, those of
// the time until ctx is done.
func (q *Questions) Ask(ctx context.Context, pipelines []*pipeline.Pipeline) []Answer {
	asked := make([]*question, len(pipelines))
	for i, p := range pipelines {
		asked[i] = q.ask(p)
	}
	answers := make([]Answer, len(pipelines))
	for i, a := range asked {
		if a.await(ctx) {
			answers[i] = a.answer
		}
	}
	return answers
}

// await reports whether there is an answer before ctx is done, or was.
func (q *question) await(ctx context.Context) bool {
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

// ask puts the question, or returns the one that is pending.
func (q *Questions) ask(p *pipeline.Pipeline) *question {
	q.mu.Lock()
	defer q.mu.Unlock()
	if a, ok := q.pending[p]; ok {
		return a
	}
	if q.pending == nil {
		q.pending = map[*pipeline.Pipeline]*question{}
	}
	a := &question{answered: make(chan struct{})}
	q.pending[p] = a
	go func() { // nobody can wait for it if the pipeline hangs
		books := p.Counters()
		a.answer = Answer{true, time.Now(), books}
		q.mu.Lock()
		delete(q.pending, p)
		q.mu.Unlock()
		close(a.answered)
	}()
	return a
}

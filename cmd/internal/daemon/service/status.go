package service

import (
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hearing"
	"github.com/pmtud/pmtud/pipeline"
)

// Status describes a service at a moment.
type Status struct {
	Started   time.Time
	Pipelines []PipelineStatus // in the order of the configuration
	Reload    ReloadStatus
	Hearing   *hearing.State // which servers are heard; nil without canaries. The service leaves it nil
}

// Running returns the pipelines that run.
func (s Status) Running() (all []*pipeline.Pipeline) {
	for _, p := range s.Pipelines {
		if !p.Ended {
			all = append(all, p.Pipeline)
		}
	}
	return all
}

// PipelineStatus is the state of one pipeline of the running configuration.
type PipelineStatus struct {
	Name     string
	Pipeline *pipeline.Pipeline // for its counters; do not open, run or close it
	Since    time.Time          // it was opened
	Ended    bool               // it does not run any more
	Err      error              // why it failed; nil if it has not
}

// ReloadStatus describes the configuration and the attempts to load another one. The
// first load, at the start, is not an attempt.
type ReloadStatus struct {
	Hash     string    // of the running configuration
	Good     bool      // the last attempt; true if there was none
	At       time.Time // of the last good one, or the start
	Attempts uint64
	Failures uint64
	Err      string // why the last attempt failed; empty if it did not
}

// Status returns the status of the service. There are no pipelines before it has
// started. It is safe for concurrent use.
func (s *Service) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{Started: s.started, Reload: s.reload}
	for _, w := range s.workers {
		st.Pipelines = append(st.Pipelines, w.status())
	}
	return st
}

func (w *worker) status() PipelineStatus {
	st := PipelineStatus{Name: w.Name, Pipeline: w.pipeline, Since: w.since}
	if w.hasEnded() {
		st.Ended, st.Err = true, w.failure()
	}
	return st
}

package service

import (
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Status is what a service is doing at a moment.
type Status struct {
	Started   time.Time
	Pipelines []PipelineStatus // in the order of the configuration
	Reload    ReloadStatus
}

// PipelineStatus is the state of one pipeline of the running configuration.
type PipelineStatus struct {
	Name     string
	Pipeline *pipeline.Pipeline // for its books; do not open, run or close it
	Since    time.Time          // it was opened
	Ended    bool               // it does not run any more
	Err      error              // why it failed; nil if it has not
}

// ReloadStatus tells of the configuration and the attempts to load another one. The
// first load, at the start, counts as none of these.
type ReloadStatus struct {
	Hash     string    // of the running configuration
	Good     bool      // the last attempt; true if there was none
	At       time.Time // of the last good one, or the start
	Attempts uint64
	Failures uint64
	Err      string // why the last attempt failed; empty if it did not
}

// Status returns what the service is doing. It is safe for concurrent use.
func (s *Service) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Pipelines = append([]PipelineStatus(nil), st.Pipelines...)
	return st
}

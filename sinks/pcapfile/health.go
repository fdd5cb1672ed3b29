package pcapfile

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// failedRotations is the index of the metric.
const failedRotations = 0

func metrics() []pipeline.MetricInfo {
	return []pipeline.MetricInfo{
		failedRotations: {
			Name: "failed_rotations_total",
			Doc:  "failed attempts to rename a file or to remove old ones: files then exceed max_size, max_age and keep",
		},
	}
}

// Measure is [pipeline.Measurer].
func (s *sink) Measure(emit func(metric int, label string, value float64)) {
	emit(failedRotations, "", float64(s.failedRotations.Load()))
}

// failingFor is how long a failure counts.
const failingFor = 5 * time.Minute

// Health is [pipeline.HealthChecker]: it is about the last attempts to write and to
// rotate, unless they were long ago.
func (s *sink) Health() error {
	return errors.Join(recent(&s.failure), recent(&s.rotationFailure))
}

func recent(last *atomic.Pointer[failure]) error {
	if f := last.Load(); f != nil && time.Since(f.at) < failingFor {
		return f.err
	}
	return nil
}

package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A HealthChecker is a stage that can tell what keeps it from its work.
type HealthChecker interface {
	// Health returns what is wrong now, or nil: an interface that is down, a full
	// disk. Packets that the stage is not made for are nothing to complain about, nor
	// is what ends Run with an error. It is safe for concurrent use with everything
	// else that the stage does, Open and Close too, and does not wait.
	Health() error
}

// Bounds of what the engine itself finds wrong with a sink.
const (
	// failingAfter is how long all deliveries of a sink must have failed, or one call
	// must not have returned, until that is a complaint.
	failingAfter = 10 * time.Second

	// failingFor is how long nothing but failures are known of a sink that is offered
	// no more packets, until nobody can tell whether it would still fail.
	failingFor = 5 * time.Minute
)

// StageHealth is the state of one stage.
type StageHealth struct {
	StageID
	Problem error // nil if all is well
}

// Health returns the state of each stage of a pipeline that runs, in the order of the
// configuration. Besides what the stages say themselves, a live source that has ended is
// unhealthy, and so is a sink whose deliveries all failed for ten seconds. It is safe for
// concurrent use.
func (p *Pipeline) Health() []StageHealth {
	now := time.Now()
	all := make([]StageHealth, 0, len(p.stages))
	for _, s := range p.stages {
		var seen error
		switch s.Kind {
		case KindSource:
			seen = p.sources[s.Index].complaint()
		case KindSink:
			seen = p.sinks[s.Index].complaint(now)
		}
		all = append(all, StageHealth{s.StageID, errors.Join(seen, complaint(s.stage))})
	}
	return all
}

// Finite reports whether all sources come to an end of their own, as captures in files
// do. Only of such a pipeline it is good news that it has ended.
func (p *Pipeline) Finite() bool {
	return !slices.ContainsFunc(p.sources, func(s *sourceStage) bool { return !s.lossless })
}

// complaint asks a stage.
func complaint(stage any) (err error) {
	c, ok := stage.(HealthChecker)
	if !ok {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return c.Health()
}

func (s *sourceStage) complaint() error {
	if s.ended.Load() {
		return errors.New("it has ended")
	}
	return nil
}

// complaint returns what the engine finds wrong with the sink.
func (s *sinkStage) complaint(now time.Time) error {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if s.gone {
		return errors.New("it did not return and was left behind")
	}
	if took := now.Sub(s.queue.claimed); len(s.queue.claim) > 0 && took >= failingAfter {
		return fmt.Errorf("it has been delivering the same packets for %v", took.Truncate(time.Second))
	}
	if lasted, ok := s.failing.now(now); ok {
		return fmt.Errorf("all deliveries have failed for %v, the last as %s",
			lasted.Truncate(time.Second), s.reasons[s.failing.reason])
	}
	return nil
}

// streak is a row of deliveries that failed without one between them that did not.
type streak struct {
	begin, last time.Time // of its deliveries; zero if there is none
	reason      int       // of the last
}

// note takes the outcome of a batch: whether a packet was delivered, and the reason
// of a failure if there was one.
func (s *streak) note(now time.Time, delivered bool, failure int) {
	switch {
	case delivered:
		*s = streak{}
	case failure == 0:
	case s.begin.IsZero():
		*s = streak{now, now, failure}
	default:
		s.last, s.reason = now, failure
	}
}

// now returns how long the streak has lasted, and whether that is too long.
func (s *streak) now(now time.Time) (lasted time.Duration, ok bool) {
	lasted = s.last.Sub(s.begin)
	return lasted, lasted >= failingAfter && now.Sub(s.last) < failingFor
}

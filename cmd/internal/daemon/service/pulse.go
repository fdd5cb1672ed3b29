package service

import (
	"context"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
	"github.com/pmtud/pmtud/pipeline"
)

const (
	// statusInterval is how often the service manager gets the rates.
	statusInterval = 5 * time.Second

	// answerTimeout bounds how long pipelines may take to answer, all together.
	answerTimeout = time.Second
)

// pulse reports to the service manager that the pipelines live, and at what rates.
func (s *Service) pulse(ctx context.Context) {
	if s.Notifier == nil {
		return
	}
	status := time.NewTicker(statusInterval)
	defer status.Stop()
	var watchdog <-chan time.Time // never, if nobody asked for it
	if within := s.Notifier.Watchdog(); within > 0 {
		t := time.NewTicker(within / 2)
		defer t.Stop()
		watchdog = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-status.C:
			silent := s.poll()
			s.notify(systemd.Status(s.summary(silent)))
		case <-watchdog:
			s.keepAlive()
		}
	}
}

// keepAlive notifies the watchdog if all running pipelines answer.
func (s *Service) keepAlive() {
	silent := s.poll()
	if len(silent) > 0 {
		s.Log.Error("not feeding the watchdog: pipelines do not respond", "pipelines", silent)
		return
	}
	s.notify(systemd.Watchdog)
}

// poll asks all running pipelines for their counters, and returns the names of those
// that do not answer.
func (s *Service) poll() (silent []string) {
	timeout := answerTimeout
	if within := s.Notifier.Watchdog(); within > 0 {
		timeout = min(timeout, within/4)
	}
	ctx, stop := context.WithTimeout(context.Background(), timeout)
	defer stop()
	var running []*worker
	var pipelines []*pipeline.Pipeline
	for _, w := range s.current() {
		if !w.hasEnded() {
			running = append(running, w)
			pipelines = append(pipelines, w.pipeline)
		}
	}
	for i, a := range s.snapshotter.Snapshots(ctx, pipelines) {
		if !a.OK {
			silent = append(silent, running[i].Name)
			continue
		}
		running[i].progress.latest = a
	}
	return silent
}

// progress is what the pulse knows of a pipeline's counters.
type progress struct {
	latest   Snapshot
	reported Snapshot // when rates were last reported
}

// rates returns how many packets were received and forwarded per second since they
// were last reported, or since the given time.
func (p *progress) rates(since time.Time) (received, forwarded float64) {
	before, now := p.reported, p.latest
	p.reported = now
	if !before.OK {
		before.At = since
	}
	seconds := now.At.Sub(before.At).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(now.Counters.Received-before.Counters.Received) / seconds,
		float64(now.Counters.Forwarded-before.Counters.Forwarded) / seconds
}

package service

import (
	"context"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
	"github.com/pmtud/pmtud/pipeline"
)

const (
	// statusInterval is how often the service manager is told the rates.
	statusInterval = 5 * time.Second

	// answerTimeout bounds how long pipelines may take to answer, all together.
	answerTimeout = time.Second
)

// pulse tells the service manager that the pipelines live, and at what rates.
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
			silent := s.ask()
			s.tell(systemd.Status(s.summary(silent)))
		case <-watchdog:
			s.feed()
		}
	}
}

// feed feeds the watchdog if all pipelines that run answer.
func (s *Service) feed() {
	silent := s.ask()
	if len(silent) > 0 {
		s.Log.Error("the watchdog is not fed: pipelines do not answer", "pipelines", silent)
		return
	}
	s.tell(systemd.Watchdog)
}

// ask asks all pipelines that run for their books, and returns the names of those
// that do not answer.
func (s *Service) ask() (silent []string) {
	patience := answerTimeout
	if within := s.Notifier.Watchdog(); within > 0 {
		patience = min(patience, within/4)
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	var running []*worker
	var pipelines []*pipeline.Pipeline
	for _, w := range s.current() {
		if !w.hasEnded() {
			running = append(running, w)
			pipelines = append(pipelines, w.pipeline)
		}
	}
	for i, a := range s.questions.Ask(ctx, pipelines) {
		if !a.Answered {
			silent = append(silent, running[i].Name)
			continue
		}
		running[i].books.latest = a
	}
	return silent
}

// books are what the pulse knows of a pipeline's books.
type books struct {
	latest Answer
	told   Answer // when rates were last told
}

// rates returns how many packets were received and forwarded per second since they
// were last asked for, or since then.
func (b *books) rates(since time.Time) (received, forwarded float64) {
	before, now := b.told, b.latest
	b.told = now
	if !before.Answered {
		before.At = since
	}
	seconds := now.At.Sub(before.At).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(now.Books.Received-before.Books.Received) / seconds,
		float64(now.Books.Forwarded-before.Books.Forwarded) / seconds
}

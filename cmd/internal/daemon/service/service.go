package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
	"github.com/pmtud/pmtud/pipeline"
)

// Options say what a service works with. Log is required.
type Options struct {
	// Log gets the service's own messages, its pipelines' final counters included.
	Log *slog.Logger

	// Notifier reports to the service manager; nil for none.
	Notifier *systemd.Notifier

	// Source is where a reload gets its configuration from; nil if there is nothing to reload.
	Source Source

	// Reload asks for a reload by each signal. It should hold one, so that those which
	// come during a reload become a single one.
	Reload <-chan os.Signal

	// Opened is called once when the first configuration is open but not running
	// yet: the moment to give up rights. An error ends the service. Nil for nothing.
	Opened func() error
}

// A Source is where the wanted configuration comes from. Its methods may be called
// concurrently.
type Source interface {
	// Load reads the configuration and checks it. An error that joins others is
	// logged as one line for each. The Fingerprint is set also with an error.
	Load() (Configuration, error)

	// Fingerprint returns a text that changes when the content of what Load reads does.
	Fingerprint() string
}

// Configuration is what a service is to run.
type Configuration struct {
	Hash        string   // distinguishes configurations in logs
	Fingerprint string   // of the [Source] before it was read
	Pipelines   []Wanted // with different names
	Watch       bool     // reload when the source's fingerprint changes

	// Prepare takes of the host what the configuration needs beside its pipelines. An
	// error refuses the configuration. After it either Adopt or Discard is called. Nil
	// for nothing.
	Prepare func(context.Context) error

	// Adopt is called when the configuration runs. Nil for nothing.
	Adopt func()

	// Discard is called when a configuration that was prepared will not run. Nil for nothing.
	Discard func()
}

// Wanted is the declaration of one pipeline.
type Wanted struct {
	Name string

	// Identity is deeply equal for two declarations of the same pipeline.
	Identity any

	// Build builds the pipeline, each time another one.
	Build func() (*pipeline.Pipeline, error)
}

// ErrFailed says that the service failed. Why was logged when it happened.
var ErrFailed = errors.New("failed")

// Service runs pipelines.
type Service struct {
	Options
	started time.Time

	mu      sync.Mutex // guards what follows
	workers []*worker  // of the running configuration
	reload  ReloadStatus
	loaded  string // fingerprint of what was last loaded
	watched bool

	snapshotter Snapshotter // of the pulse

	late chan loaded // a load that did not return in time; nil if there is none
	ends chan struct{}
}

// New returns a service that does nothing yet.
func New(o Options) *Service {
	return &Service{Options: o, started: time.Now(), ends: make(chan struct{}, 1)}
}

// Run runs the first configuration, and those that replace it, until all pipelines
// have ended or ctx is done. It is called once.
func (s *Service) Run(ctx context.Context, first Configuration) error {
	if err := s.start(ctx, first); err != nil {
		return err
	}
	background, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	changed := make(chan struct{}, 1)
	running.Go(func() { s.watch(background, changed) })
	running.Go(func() { s.pulse(background) })
	s.serve(ctx, changed)
	cancel()
	running.Wait()
	return s.end()
}

// serve reloads until all pipelines have ended or ctx is done.
func (s *Service) serve(ctx context.Context, changed <-chan struct{}) {
	for ctx.Err() == nil && !s.allEnded() {
		select {
		case <-ctx.Done():
		case <-s.Reload:
			s.tryReload(ctx, "requested")
		case <-changed:
			s.tryReload(ctx, "files changed")
		case <-s.ends:
		}
	}
	if ctx.Err() != nil {
		s.Log.Info("stopping")
	}
	s.notify(systemd.Stopping, systemd.Status("stopping"))
}

// start opens all pipelines, or none: a daemon that runs only some of its pipelines would
// look healthy.
func (s *Service) start(ctx context.Context, c Configuration) error {
	defer s.extendTimeout()()
	p, err := s.plan(ctx, c)
	if err != nil {
		return err
	}
	if err = c.prepare(ctx); err == nil {
		if err = s.openFirst(p); err != nil {
			c.discard()
		}
	}
	if err != nil {
		s.close(p.fresh)
		if ctx.Err() != nil {
			return nil // a signal came first
		}
		s.logErrors(err)
		return ErrFailed
	}
	s.adopt(c, p)
	s.Log.Info("ready", "pipelines", len(p.next), "took", time.Since(s.started).Round(time.Microsecond))
	s.notify(systemd.Ready, systemd.Status(fmt.Sprintf("ready, pipelines: %d", len(p.next))))
	return nil
}

// openFirst opens the first pipelines and calls Opened.
func (s *Service) openFirst(p *plan) error {
	err := s.open(p.fresh)
	if err == nil && s.Opened != nil {
		err = s.Opened()
	}
	return err
}

// prepare calls Prepare, if there is one.
func (c Configuration) prepare(ctx context.Context) error {
	if c.Prepare == nil {
		return nil
	}
	return c.Prepare(ctx)
}

// discard calls Discard, if there is one.
func (c Configuration) discard() {
	if c.Discard != nil {
		c.Discard()
	}
}

// adopt lets the pipelines of a configuration run in place of those that ran.
func (s *Service) adopt(c Configuration, p *plan) {
	s.mu.Lock()
	s.workers = p.next
	s.reload.Hash, s.reload.At, s.reload.Good = c.Hash, time.Now(), true
	s.loaded, s.watched = c.Fingerprint, c.Watch
	s.mu.Unlock()
	for _, w := range p.fresh {
		close(w.start)
	}
	if c.Adopt != nil {
		c.Adopt()
	}
}

// end waits until all pipelines have ended, and logs their counters.
func (s *Service) end() error {
	defer s.extendTimeout()()
	workers := s.current()
	s.close(workers)
	s.logFinalCounters(workers)
	for _, w := range workers {
		if !w.hasEnded() || w.failure() != nil {
			return fmt.Errorf("pipeline %s: %w", w.Name, ErrFailed)
		}
	}
	return nil
}

// current returns the running configuration's workers.
func (s *Service) current() []*worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.workers)
}

func (s *Service) allEnded() bool {
	return !slices.ContainsFunc(s.current(), func(w *worker) bool { return !w.hasEnded() })
}

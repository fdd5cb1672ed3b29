package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
)

// loadTimeout bounds how long the source may take to load.
const loadTimeout = 10 * time.Second

// reloadFailed is logged, and the status at the service manager until a reload succeeds.
const reloadFailed = "reload failed; the old configuration stays in use"

// tryReload loads the configuration and runs it, or keeps the old one. It logs the
// outcome and reports it to the service manager.
func (s *Service) tryReload(ctx context.Context, why string) {
	began := time.Now()
	s.notify(systemd.Reloading())
	defer s.extendTimeout()()
	if s.Source == nil {
		s.Log.Warn("nothing to reload: the configuration comes from command-line options")
		s.notify(systemd.Ready, systemd.Status("running; nothing to reload"))
		return
	}
	s.Log.Info("reloading", "because", why)
	p, err := s.exchange(ctx)
	if ctx.Err() != nil {
		return // and stops
	}
	s.recordReload(err)
	if err != nil {
		s.logErrors(err)
		s.Log.Error(reloadFailed, "took", time.Since(began).Round(time.Microsecond))
		s.notify(systemd.Ready, systemd.Status(reloadFailed+": "+each(err)[0].Error()))
		return
	}
	s.Log.Info("reloaded", "pipelines", len(p.next), "started", names(p.fresh), "stopped", names(p.old),
		"took", time.Since(began).Round(time.Microsecond))
	s.notify(systemd.Ready, systemd.Status(fmt.Sprintf("reloaded, pipelines: %d", len(p.next))))
}

// recordReload records an attempt in the status.
func (s *Service) recordReload(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.reload
	r.Attempts++
	r.Good, r.Err = err == nil, ""
	if err != nil {
		r.Failures++
		r.Err = err.Error()
	}
}

// exchange loads another configuration and replaces the old one by it, all or
// nothing.
func (s *Service) exchange(ctx context.Context) (*plan, error) {
	c, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	s.Log.Debug("reload plan", "open", names(p.fresh), "close", names(p.old), "close_first", names(p.blocking))
	if err := c.prepare(ctx); err != nil {
		s.close(p.fresh)
		return nil, err
	}
	if err := s.openBeside(ctx, p); err != nil {
		c.discard()
		return nil, err
	}
	s.adopt(c, p)
	s.close(p.old)
	s.logFinalCounters(p.old)
	return p, nil
}

// openBeside opens the new pipelines of a plan while the old ones run, except for
// those that must end first. When it fails, all is as before.
func (s *Service) openBeside(ctx context.Context, p *plan) error {
	if err := s.open(p.free()); err != nil {
		s.close(p.fresh)
		return err
	}
	if len(p.blocked) == 0 {
		return nil
	}
	s.Log.Info("closing pipelines before others can be opened", "closed", names(p.blocking), "opened", names(p.blocked))
	err := errors.New("pipelines that must close first do not stop: " + strings.Join(names(p.blocking), ", "))
	if s.close(p.blocking) {
		err = s.open(p.blocked)
	}
	if err == nil {
		return nil
	}
	s.close(p.fresh)
	if ctx.Err() == nil {
		s.restore(ctx, p.blocking)
	}
	return err
}

// restore builds, opens and runs again what was closed for nothing. What it can't is
// kept as failed.
func (s *Service) restore(ctx context.Context, closed []*worker) {
	s.logFinalCounters(closed)
	for _, old := range closed {
		w, err := s.openAgain(ctx, old)
		if err != nil {
			s.logErrors(&openError{old.Name, err})
			s.replace(old, old.failed(err))
			continue
		}
		s.replace(old, w)
		close(w.start)
		w.log.Info("pipeline is running again, unchanged")
	}
}

// openAgain returns another worker that is what an old one was, open but not running.
func (s *Service) openAgain(ctx context.Context, old *worker) (*worker, error) {
	w, err := newWorker(ctx, old.Wanted, s.Log)
	if err != nil {
		return nil, err
	}
	w.open(s.ends)
	return w, w.awaitOpen()
}

// replace puts a worker in the place of another.
func (s *Service) replace(old, w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.workers {
		if s.workers[i] == old {
			s.workers[i] = w
		}
	}
}

// loaded is the result of loading.
type loaded struct {
	Configuration
	err error
}

// load loads the configuration, within loadTimeout.
func (s *Service) load(ctx context.Context) (Configuration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, loadTimeout, errors.New("it took too long"))
	defer cancel()
	if _, err := s.awaitLoad(ctx); err != nil { // an earlier one
		return Configuration{}, err
	}
	s.late = make(chan loaded, 1)
	go func(result chan<- loaded) {
		c, err := s.Source.Load()
		result <- loaded{c, err}
	}(s.late)
	l, err := s.awaitLoad(ctx)
	if err != nil {
		return Configuration{}, err
	}
	s.mu.Lock()
	s.loaded = l.Fingerprint
	s.mu.Unlock()
	return l.Configuration, l.err
}

// awaitLoad waits for a load that goes on. It returns at once if there is none.
func (s *Service) awaitLoad(ctx context.Context) (loaded, error) {
	if s.late == nil {
		return loaded{}, nil
	}
	select {
	case l := <-s.late:
		s.late = nil
		return l, nil
	case <-ctx.Done():
		return loaded{}, fmt.Errorf("load configuration: %w", context.Cause(ctx))
	}
}

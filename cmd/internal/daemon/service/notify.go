package service

import (
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
)

// How often the service manager is asked for more time while something takes long,
// and how much.
const (
	extendInterval = 5 * time.Second
	extension      = 20 * time.Second
)

// notify sends a message to the service manager.
func (s *Service) notify(states ...systemd.State) {
	if err := s.Notifier.Send(states...); err != nil {
		s.Log.Warn("can't notify the service manager", "error", err)
	}
}

// extendTimeout asks the service manager for more time at intervals, until stop is
// called.
func (s *Service) extendTimeout() (stop func()) {
	if s.Notifier == nil {
		return func() {}
	}
	done := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		t := time.NewTicker(extendInterval)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				s.notify(systemd.Extend(extension))
			}
		}
	})
	return func() { close(done); asking.Wait() }
}

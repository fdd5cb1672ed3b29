package service

import (
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
)

// How often the service manager is asked for more time while something takes long,
// and how much.
const (
	patienceInterval = 5 * time.Second
	extension        = 20 * time.Second
)

// tell sends a message to the service manager.
func (s *Service) tell(states ...systemd.State) {
	if err := s.Notifier.Send(states...); err != nil {
		s.Log.Warn("can't tell the service manager", "error", err)
	}
}

// patience asks the service manager for more time, again and again, until the
// returned function is called.
func (s *Service) patience() (enough func()) {
	if s.Notifier == nil {
		return func() {}
	}
	done := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		t := time.NewTicker(patienceInterval)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				s.tell(systemd.Extend(extension))
			}
		}
	})
	return func() { close(done); asking.Wait() }
}

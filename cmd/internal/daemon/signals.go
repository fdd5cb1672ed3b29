package daemon

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Signals are those that a daemon acts upon, besides the ones that end it. A nil
// Signals gets none.
type Signals struct {
	reload chan os.Signal // SIGHUP
	debug  chan os.Signal // SIGUSR1
}

// CatchSignals catches the signals from now on, whatever the program is about to do:
// one that came before a daemon is ready must not end it. Each is kept until somebody
// looks, once.
func CatchSignals() *Signals {
	s := &Signals{make(chan os.Signal, 1), make(chan os.Signal, 1)}
	signal.Notify(s.reload, syscall.SIGHUP)
	notifyDebug(s.debug)
	return s
}

// Release leaves the signals to the system, for commands that are no daemons.
func (s *Signals) Release() {
	if s != nil {
		signal.Stop(s.reload)
		signal.Stop(s.debug)
	}
}

// reloads returns the channel of requests to reload.
func (s *Signals) reloads() <-chan os.Signal {
	if s == nil {
		return nil
	}
	return s.reload
}

// onDebug calls f for each request to change the level of the log, until the returned
// function is called.
func (s *Signals) onDebug(f func()) (stop func()) {
	if s == nil {
		return func() {}
	}
	done := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-s.debug:
				f()
			}
		}
	})
	return func() { close(done); serving.Wait() }
}

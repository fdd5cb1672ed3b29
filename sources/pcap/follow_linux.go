package pcap

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/afpacket"
)

// lookInterval is how often the source looks for an interface that is not up. The
// kernel reports an interface that goes down, but not when a down one is deleted or
// comes up, or when a new one appears.
const lookInterval = 250 * time.Millisecond

// look finds out what became of the interface after the socket had an error, and
// goes on looking until it is up. A deleted interface is replaced by the one that
// has its name.
func (s *source) look() error {
	state := s.socket.State()
	if state == afpacket.Gone || !s.listening {
		state = s.reattach()
	}
	s.report(state)
	if state == afpacket.Up {
		return s.tickIn(s.pause())
	}
	s.gatekeeper.countNow()
	s.ticking = false // the deadline is this one
	return s.deadline.set(time.Now().Add(lookInterval))
}

// reattach tries to capture from the interface that has the name now. What the ring
// still held of the old one has been delivered when look calls this a second time.
func (s *source) reattach() afpacket.State {
	s.listening = false
	link, err := s.socket.Attach()
	if err == nil {
		s.link = link
		err = s.listen()
	}
	s.setDeaf(err)
	if err == nil {
		return s.socket.State()
	}
	if !errors.Is(err, unix.ENODEV) && err.Error() != s.trouble {
		s.trouble = err.Error()
		s.log.Warn("can't capture from interface", "error", err)
	}
	return afpacket.Gone
}

// report logs a state once.
func (s *source) report(state afpacket.State) {
	before := s.state
	s.state = state
	switch {
	case state == afpacket.Up && before == afpacket.Up:
		s.log.Info("interface was down for a moment")
	case state == before:
	case state == afpacket.Up:
		s.log.Info("interface is up again")
		s.trouble = ""
	default:
		s.log.Warn("interface is " + state.String() + ", waiting for it")
	}
}

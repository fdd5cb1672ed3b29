package afpacket

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Health returns what is wrong with the interface now: that there is none, that
// it is down or that it has no carrier, without which the kernel forgets frames
// without a word. If the one that the socket is attached to is gone, that is about
// the one that has its name now. A closed socket has no complaints. Unlike other
// methods it is safe for concurrent use with everything.
func (s *Socket) Health() error {
	var flags uint16
	var err error
	if closed := s.Raw.Control(func(fd uintptr) { flags, err = s.flags(int(fd)) }); closed != nil {
		return nil
	}
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("interface %s is gone", s.name)
	case err != nil:
		return fmt.Errorf("ask for the state of interface %s: %w", s.name, err)
	case flags&unix.IFF_UP == 0:
		return fmt.Errorf("interface %s is down", s.name)
	case flags&unix.IFF_RUNNING == 0:
		return fmt.Errorf("interface %s has no carrier", s.name)
	}
	return nil
}

// flags returns the flags of the interface that the socket is attached to, or of
// the one that has its name now.
func (s *Socket) flags(fd int) (uint16, error) {
	at, err := attached(fd)
	if err == nil {
		return flagsOf(fd, at.Ifindex)
	}
	index, err := indexOf(fd, s.name)
	if err != nil {
		return 0, err
	}
	return flagsOf(fd, index)
}

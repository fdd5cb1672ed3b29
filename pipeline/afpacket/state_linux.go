package afpacket

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// State is what became of an interface.
type State uint8

// States.
const (
	Up   State = iota + 1
	Down       // and it may come up again
	Gone       // deleted, or moved to another network namespace
)

// String returns "up", "down" or "gone".
func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Down:
		return "down"
	}
	return "gone"
}

// State returns the state of the interface that the socket is attached to. It may
// have got another name meanwhile.
func (s *Socket) State() State {
	state := Gone
	_ = s.Control(func(fd int) error { // an error leaves it at Gone
		up, err := isUp(fd)
		switch {
		case err != nil:
		case up:
			state = Up
		default:
			state = Down
		}
		return err
	})
	return state
}

func isUp(fd int) (bool, error) {
	at, err := attached(fd)
	if err != nil {
		return false, err
	}
	flags, err := flagsOf(fd, at.Ifindex)
	return flags&unix.IFF_UP != 0, err
}

// flagsOf returns the flags of an interface, as netdevice(7) has them.
func flagsOf(fd, index int) (uint16, error) { return readFlags(fd, index, anyInterface()) }

// anyInterface returns a request for readFlags.
func anyInterface() *unix.Ifreq {
	request, _ := unix.NewIfreq("any") // an error would be about the name
	return request
}

// readFlags is flagsOf with memory that is there.
func readFlags(fd, index int, request *unix.Ifreq) (uint16, error) {
	for {
		request.SetUint32(uint32(index))
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFNAME, request); err != nil {
			return 0, os.NewSyscallError("SIOCGIFNAME", err)
		}
		// The name has replaced the one before; the flags replace the index.
		err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request)
		if err == nil {
			return request.Uint16(), nil
		}
		if !errors.Is(err, unix.ENODEV) { // else it has just got another name
			return 0, os.NewSyscallError("SIOCGIFFLAGS", err)
		}
	}
}

package inject

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// claim keeps other processes of this network namespace from making the same device: they
// would take it from each other. The kernel ends it with the process. It is an abstract unix
// socket (unix(7)), of which no two have the same name.
func claim(device string) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("claim device %s: %w", device, err)
	}
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: "@pmtud/inject/" + device})
	if errors.Is(err, unix.EADDRINUSE) {
		err = errors.New("another pmtud injects through it; end that one or choose another device")
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("claim device %s: %w", device, err)
	}
	return fd, nil
}

package inject

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// claim keeps other processes of this network namespace from making the same device: they
// would take it from each other. The kernel ends it with the process. It is an abstract unix
// socket (unix(7)), of which no two have the same name.
func claim(device string) (*net.UnixConn, error) {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: "@pmtud/inject/" + device})
	if errors.Is(err, unix.EADDRINUSE) {
		err = errors.New("another pmtud injects through it; stop that one or choose another device")
	}
	if err != nil {
		return nil, fmt.Errorf("claim device %s: %w", device, err)
	}
	return socket, nil
}

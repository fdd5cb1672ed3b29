package inject

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// claim keeps other sinks of this network namespace, of whatever process, from making the same
// device or rules: they would take them from each other. The kernel ends it with the process. It
// is an abstract unix socket (unix(7)), of which no two have the same name.
func claim(what string) (*net.UnixConn, error) {
	return net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: "@pmtud/inject/" + what})
}

func claimDevice(device string) (*net.UnixConn, error) {
	socket, err := claim(device)
	if errors.Is(err, unix.EADDRINUSE) {
		err = errors.New("another pmtud injects through it; stop that one or choose another device")
	}
	if err != nil {
		return nil, fmt.Errorf("claim device %s: %w", device, err)
	}
	return socket, nil
}

func claimMark(mark uint32) (*net.UnixConn, error) {
	socket, err := claim(fmt.Sprintf("mark/%d", mark))
	if errors.Is(err, unix.EADDRINUSE) {
		err = errors.New("another pmtud has rules for it; stop that one or choose another mark")
	}
	if err != nil {
		return nil, fmt.Errorf("claim mark %d: %w", mark, err)
	}
	return socket, nil
}

// isStale reports whether rules for a mark were left by a process that was killed.
func isStale(mark uint32) bool {
	socket, err := claimMark(mark)
	if err == nil {
		err = socket.Close()
	}
	return err == nil
}

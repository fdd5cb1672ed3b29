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
func claim(name, what, taken string) (*net.UnixConn, error) {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: "@pmtud/inject/" + name})
	if errors.Is(err, unix.EADDRINUSE) {
		err = errors.New(taken)
	}
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", what, err)
	}
	return socket, nil
}

func claimDevice(device string) (*net.UnixConn, error) {
	return claim(device, "device "+device, "another pmtud injects through it; stop that one or choose another device")
}

func claimMark(mark uint32) (*net.UnixConn, error) {
	return claim(fmt.Sprintf("mark/%d", mark), fmt.Sprintf("mark %d", mark),
		"another pmtud has rules for it; stop that one or choose another mark")
}

// isStale reports whether rules for a mark were left by a process that was killed.
func isStale(mark uint32) bool {
	socket, err := claimMark(mark)
	if err == nil {
		err = socket.Close()
	}
	return err == nil
}

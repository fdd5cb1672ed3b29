package peerlist

import "errors"

// Sockets has one for each address family that is in use, nil for the others.
type Sockets struct{ IPv4, IPv6 *Socket }

// Close closes both.
func (s *Sockets) Close() error { return errors.Join(s.IPv4.Close(), s.IPv6.Close()) }

// Calls returns the number of system calls that sending has taken. It must not be called
// while something is sent.
func (s *Sockets) Calls() (n int) {
	for _, socket := range []*Socket{s.IPv4, s.IPv6} {
		if socket != nil {
			n += socket.Calls
		}
	}
	return n
}

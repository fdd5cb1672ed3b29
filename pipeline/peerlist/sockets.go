package peerlist

import "errors"

// SocketOptions is what is opened to send with.
type SocketOptions struct {
	Name                   string // for errors: "raw ICMP"
	Family, Type, Protocol int    // of socket(2)

	// Prepare sets options of the new socket.
	Prepare func(fd int) error

	// LateErrors says that the socket reports errors about earlier messages, as UDP does
	// with IP_RECVERR: a send that fails is tried once more.
	LateErrors bool
}

// Sockets has one for each address family that is in use, nil for the others.
type Sockets struct{ IPv4, IPv6 *Socket }

// open opens those for families of which the list may have peers.
func (s *Sockets) open(l *List) (err error) {
	ipv4, ipv6 := l.families()
	if ipv4 {
		s.IPv4, err = openSocket(l.config.Protocol(false))
	}
	if ipv6 && err == nil {
		s.IPv6, err = openSocket(l.config.Protocol(true))
	}
	return err
}

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

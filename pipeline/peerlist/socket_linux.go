package peerlist

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Socket sends to the peers of one address family and never receives. Nil stands for a
// family that the system does not have.
type Socket struct {
	name  string
	fd    int
	again bool // try a message again that failed

	Calls int // of sendmmsg; to be read while nothing is sent
}

// openSocket opens a socket with a receive buffer as small and a send buffer as large as the
// system allows. It returns nil for a family that the system does not have: names may have
// addresses of the other one.
func openSocket(o SocketOptions) (*Socket, error) {
	fd, err := unix.Socket(o.Family, o.Type|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, o.Protocol)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil, nil
	}
	if errors.Is(err, unix.EPERM) && o.Type == unix.SOCK_RAW {
		err = fmt.Errorf("%w (the capability CAP_NET_RAW is missing)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s socket: %w", o.Name, err)
	}
	s := &Socket{name: o.Name, fd: fd, again: o.LateErrors}
	if err := errors.Join(o.Prepare(fd), sizeBuffers(fd)); err != nil {
		return nil, errors.Join(fmt.Errorf("set up %s socket: %w", o.Name, err), s.Close())
	}
	return s, nil
}

// sendBuffer is the size asked for; see the package's documentation.
const sendBuffer = 64 << 20

func sizeBuffers(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer)
	if errors.Is(err, unix.EPERM) {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
	return errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0))
}

// Close closes the socket. It may be called twice.
func (s *Socket) Close() error {
	if s == nil || s.fd < 0 {
		return nil
	}
	fd := s.fd
	s.fd = -1
	if err := unix.Close(fd); err != nil {
		return fmt.Errorf("close %s socket: %w", s.name, err)
	}
	return nil
}

// maxBatch is what sendmmsg takes at a time (UIO_MAXIOV).
const maxBatch = 1024

// send sends to peers of f from the first on, as far as one system call gets: n of
// them. When n is 0, the first one failed, and why says so.
func (s *Socket) send(f *Fanout, first int) (n int, why failure) {
	if s == nil {
		return 0, noRoute
	}
	headers := f.headers[first:min(first+maxBatch, len(f.headers))]
	n, errno := s.sendmmsg(headers)
	if errno != 0 && s.again {
		n, errno = s.sendmmsg(headers)
	}
	if errno != 0 {
		return 0, failureOf(errno)
	}
	return n, 0
}

func (s *Socket) sendmmsg(headers []header) (n int, errno unix.Errno) {
	for {
		s.Calls++
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&headers[0])), uintptr(len(headers)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

func failureOf(errno unix.Errno) failure {
	switch errno {
	case unix.ENOBUFS, unix.EAGAIN, unix.ENOMEM:
		return queueFull
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EINVAL:
		return noRoute
	case unix.EACCES, unix.EPERM:
		return prohibited
	case unix.EMSGSIZE:
		return tooLong
	case unix.ENETDOWN, unix.ENXIO, unix.ENODEV:
		return interfaceDown
	}
	return other
}

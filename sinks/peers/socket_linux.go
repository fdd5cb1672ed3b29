package peers

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// families says which address families are in use.
type families struct{ ipv4, ipv6 bool }

// sockets of the families in use, nil for others.
type sockets struct {
	ipv4, ipv6 *socket
}

func (s *sockets) open(f families) (err error) {
	if f.ipv4 {
		if s.ipv4, err = openSocket("ICMP", unix.AF_INET, unix.IPPROTO_ICMP, prepareIPv4); err != nil {
			return err
		}
	}
	if f.ipv6 {
		if s.ipv6, err = openSocket("ICMPv6", unix.AF_INET6, unix.IPPROTO_ICMPV6, prepareIPv6); err != nil {
			return err
		}
	}
	return nil
}

func (s *sockets) close() error {
	return errors.Join(s.ipv4.close(), s.ipv6.close())
}

// socket is a raw ICMP socket (raw(7)) that sends and never receives. The kernel
// writes the IP header, chooses the source address, and computes the checksum of
// ICMPv6. Nil stands for a family that the system does not have.
type socket struct {
	fd    int
	calls int // of sendmmsg
}

func openSocket(name string, family, protocol int, prepare func(fd int) error) (*socket, error) {
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil, nil // a system without IPv6, where names may still have IPv4 addresses
	}
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("open raw %s socket: %w (the capability CAP_NET_RAW is missing)", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open raw %s socket: %w", name, err)
	}
	s := &socket{fd: fd}
	if err := errors.Join(prepare(fd), sizeBuffers(fd)); err != nil {
		return nil, errors.Join(fmt.Errorf("set up raw %s socket: %w", name, err), s.close())
	}
	return s, nil
}

// prepareIPv4 blocks what ICMP_FILTER can block, which is all types below 32, and
// lets routers fragment, as the kernel does for its own ICMP messages (icmp_init in
// net/ipv4/icmp.c). Only with IP_RECVERR is a full interface queue an error, as it
// always is for IPv6 (raw_sendmsg in net/ipv4/raw.c). It asks for asynchronous
// errors too, but these fail no send of a raw socket, and the receive buffer bounds
// what is kept of them.
func prepareIPv4(fd int) error {
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_RAW, unix.ICMP_FILTER, -1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1),
	)
}

// prepareIPv6 blocks all types (RFC 3542, section 3.2).
func prepareIPv6(fd int) error {
	var all unix.ICMPv6Filter
	for i := range all.Data {
		all.Data[i] = ^uint32(0)
	}
	return unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &all)
}

// sendBuffer is the size asked for; see the package's documentation.
const sendBuffer = 64 << 20

// sizeBuffers makes the receive buffer as small and the send buffer as large as
// the system lets.
func sizeBuffers(fd int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer)
	if errors.Is(err, unix.EPERM) {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
	return errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0))
}

func (s *socket) close() error {
	if s == nil || s.fd < 0 {
		return nil
	}
	fd := s.fd
	s.fd = -1
	if err := unix.Close(fd); err != nil {
		return fmt.Errorf("close raw socket: %w", err)
	}
	return nil
}

// maxBatch is what sendmmsg takes at a time (UIO_MAXIOV).
const maxBatch = 1024

// send sends to peers of f from the first on, as far as one system call gets: n of
// them. When n is 0, the first one failed, and why says so.
func (s *socket) send(f *fanout, first int) (n int, why failure) {
	if s == nil {
		return 0, noRoute
	}
	headers := f.headers[first:min(first+maxBatch, len(f.headers))]
	for {
		s.calls++
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&headers[0])), uintptr(len(headers)), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case unix.EINTR:
		default:
			return 0, failureOf(errno)
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

package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// errNotNumeric is returned for addresses that package net would look up, or try
// in parallel, on goroutines that are not in the namespace.
var errNotNumeric = errors.New("address is not numeric")

// Listen is [net.Listen] in the namespace, for an address with a numeric host.
// TCP is plain: a multipath TCP listener, Go's default, differs in small ways.
func (ns *NS) Listen(network, address string) (net.Listener, error) {
	var l net.Listener
	err := ns.onNumeric("listen on", address, func() (err error) {
		var config net.ListenConfig
		config.SetMultipathTCP(false)
		l, err = config.Listen(context.Background(), network, address)
		return err
	})
	return l, err
}

// ListenPacket is [net.ListenPacket] in the namespace, for an address with a
// numeric host.
func (ns *NS) ListenPacket(network, address string) (net.PacketConn, error) {
	var c net.PacketConn
	err := ns.onNumeric("listen on", address, func() (err error) {
		c, err = net.ListenPacket(network, address)
		return err
	})
	return c, err
}

// Dial connects in the namespace from one numeric address to another, both with
// ports, for tcp4, tcp6, udp4 and udp6. An empty from leaves address and port to
// the kernel. Packets of a connection stay on one path, as those of another machine.
func (ns *NS) Dial(ctx context.Context, network, from, to string) (net.Conn, error) {
	var c net.Conn
	err := ns.onNumeric("dial", to, func() (err error) {
		dialer := net.Dialer{Control: keepHash}
		if dialer.LocalAddr, err = localAddr(network, from); err != nil {
			return err
		}
		c, err = dialer.DialContext(ctx, network, to)
		return err
	})
	return c, err
}

// keepHash has a socket keep the hash that it gives its packets. Routers in the same kernel choose a
// path by that hash, and time-outs change it: a server that knows nothing of the connection
// would reset it. Before Linux 5.18 nothing can be done.
func keepHash(_, _ string, socket syscall.RawConn) error {
	return socket.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TXREHASH, 0)
	})
}

// onNumeric calls f in the namespace if the address has a numeric host.
func (ns *NS) onNumeric(verb, address string, f func() error) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address // raw IP networks have no ports
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return fmt.Errorf("%s %s in namespace %s: %w", verb, address, ns.Name, errNotNumeric)
	}
	if err := ns.Do(f); err != nil {
		return fmt.Errorf("%s %s in namespace %s: %w", verb, address, ns.Name, err)
	}
	return nil
}

// localAddr parses the address to dial from; nil leaves it to the kernel.
func localAddr(network, from string) (net.Addr, error) {
	if from == "" {
		return nil, nil
	}
	addr, err := netip.ParseAddrPort(from)
	if err != nil {
		return nil, err
	}
	switch network {
	case "tcp4", "tcp6":
		return net.TCPAddrFromAddrPort(addr), nil
	case "udp4", "udp6":
		return net.UDPAddrFromAddrPort(addr), nil
	}
	return nil, net.UnknownNetworkError(network)
}

// RequireRoom sets the receive buffer of a socket so that so many small packets fit. It skips a
// test where the system allows less.
func RequireRoom(tb testing.TB, fd, packets int) {
	tb.Helper()
	const each = 1536 // bytes of memory, with what the kernel keeps of a packet
	// The kernel doubles what is asked for.
	Must(tb, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, packets*each/2))
	room, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	Must(tb, err)
	if room < packets*each {
		tb.Skipf("needs a net.core.rmem_max of %d or more", packets*each/2)
	}
}

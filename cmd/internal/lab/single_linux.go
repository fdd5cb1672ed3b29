package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Quiet is how long [RunSingle] listens for a second copy after the first. It is
// also long enough for pmtud's default limit to let the next message pass.
const Quiet = time.Second

// Single is what became of one PTB.
type Single struct {
	// Owner is the server whose packet was too big.
	Owner string
	// Traffic is what crossed the LANs because of it: one PTB, and with pmtud one
	// broadcast.
	Traffic Traffic
	// PathMTU is what the owner's socket believes in the end, in octets; it should
	// be MTU, that of the hop's link.
	PathMTU, MTU int
}

// String tells what happened in one line.
func (s Single) String() string {
	return fmt.Sprintf("about a packet of %s: %v; %s then knows a path MTU of %d", s.Owner, s.Traffic, s.Owner, s.PathMTU)
}

// Check returns nil if the PTB arrived once, was broadcast once and told its
// owner the MTU of the path.
func (s Single) Check() error {
	t := s.Traffic
	if t.PTBs != 1 || t.Broadcasts != 1 || t.CopiesOfCopies != 0 {
		return fmt.Errorf("one PTB about a packet of %s: %v, want 1 PTB, 1 broadcast, no copy of a copy", s.Owner, t)
	}
	if s.PathMTU != s.MTU {
		return fmt.Errorf("%s takes the path MTU for %d, want %d", s.Owner, s.PathMTU, s.MTU)
	}
	return nil
}

// RunSingle provokes one PTB for each server in turn, with pmtud running on all:
// the server sends one datagram as big as its own interface allows from the VIP
// to a client, and the hop answers. It waits for the copy, and then [Quiet] for
// others. It is an error if a daemon does not end in order.
func RunSingle(ctx context.Context, config Config) ([]Single, error) {
	n, err := Build(config)
	if err != nil {
		return nil, err
	}
	var singles []Single
	_, exits, err := n.observe(ctx, func(ctx context.Context, sniffers []*sniffer) error {
		for _, s := range n.Servers {
			single, err := n.provoke(ctx, s, sniffers)
			if err != nil {
				return err
			}
			singles = append(singles, single)
		}
		return nil
	})
	errs := []error{err, n.Close()}
	for _, e := range exits {
		errs = append(errs, e.check())
	}
	return singles, errors.Join(errs...)
}

// provoke makes the owner send one packet that is too big for the hop.
func (n *Network) provoke(ctx context.Context, owner *Server, sniffers []*sniffer) (Single, error) {
	before := make([]int, len(sniffers))
	for i, s := range sniffers {
		before[i] = len(s.seen())
	}
	since := func() Traffic {
		traffic := newTraffic()
		for i, s := range sniffers {
			traffic.add(s.seen()[before[i]:], n.hopAddr(), n.names())
		}
		return traffic
	}
	socket, err := n.sendTooBig(ctx, owner)
	if err != nil {
		return Single{}, err
	}
	defer socket.Close()
	if err := waitForCopies(since); err != nil {
		return Single{}, fmt.Errorf("provoke PTB for %s: %w", owner.Name, err)
	}
	mtu, err := n.pathMTU(socket)
	return Single{Owner: owner.Name, Traffic: since(), PathMTU: mtu, MTU: n.Config.MTU}, err
}

// sendTooBig sends a datagram of the interface's MTU from the owner to a client.
func (n *Network) sendTooBig(ctx context.Context, owner *Server) (net.Conn, error) {
	ifi, err := owner.NS.Interface(Interface)
	if err != nil {
		return nil, err
	}
	from := netip.AddrPortFrom(n.VIP, port).String()
	to := netip.AddrPortFrom(n.client(0), firstPort).String()
	socket, err := owner.NS.Dial(ctx, n.Config.Family.network("udp"), from, to)
	if err != nil {
		return nil, err
	}
	if _, err := socket.Write(make([]byte, ifi.MTU-n.Config.Family.udpOverhead())); err != nil {
		return nil, errors.Join(fmt.Errorf("send datagram: %w", err), socket.Close())
	}
	return socket, nil
}

// waitForCopies returns when there was a broadcast, [Quiet] ago, or more than one.
func waitForCopies(since func() Traffic) error {
	atLeast := func(broadcasts int) func() error {
		return func() error {
			if t := since(); t.Broadcasts < broadcasts {
				return fmt.Errorf("no broadcast: %v", t)
			}
			return nil
		}
	}
	if err := poll(time.Now().Add(5*time.Second), atLeast(1)); err != nil {
		return err
	}
	_ = poll(time.Now().Add(Quiet), atLeast(2)) // that none comes is what should happen
	return nil
}

// pathMTU returns what the kernel has learned about the socket's path.
func (n *Network) pathMTU(socket net.Conn) (mtu int, err error) {
	raw, err := socket.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("get path MTU: %w", err)
	}
	level, name := unix.IPPROTO_IP, unix.IP_MTU
	if n.Config.Family == IPv6 {
		level, name = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	controlErr := raw.Control(func(fd uintptr) { mtu, err = unix.GetsockoptInt(int(fd), level, name) })
	if err := errors.Join(controlErr, err); err != nil {
		return 0, fmt.Errorf("get path MTU: %w", err)
	}
	return mtu, nil
}

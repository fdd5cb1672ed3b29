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

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Quiet is how long [RunSingle] listens for a second copy after the first. It is
// also long enough for pmtud's default limit to let the next message pass.
const Quiet = time.Second

// Single is what became of one PTB.
type Single struct {
	// Owner is the server or container whose packet was too big.
	Owner string
	// Peers is the number of the other servers.
	Peers int
	// Traffic is what crossed the LANs because of it: one PTB, and one broadcast or one
	// datagram to each peer.
	Traffic Traffic
	// PathMTU is what the owner's socket believes in the end, in bytes; it should
	// be MTU, that of the hop's link.
	PathMTU, MTU int
}

// String returns what happened in one line.
func (s Single) String() string {
	return fmt.Sprintf("about a packet of %s: %v; %s then knows a path MTU of %d", s.Owner, s.Traffic, s.Owner, s.PathMTU)
}

// Check returns nil if the PTB arrived once, was broadcast once or sent to each peer once,
// and told its owner the MTU of the path.
func (s Single) Check() error {
	t := s.Traffic
	once := t.Broadcasts == 1 && t.Datagrams == 0 || t.Broadcasts == 0 && t.Datagrams == s.Peers
	if t.PTBs != 1 || !once || t.CopiesOfCopies != 0 {
		return fmt.Errorf("one PTB about a packet of %s: %v, want 1 PTB, 1 broadcast or %d datagrams, no copy of a copy",
			s.Owner, t, s.Peers)
	}
	if s.PathMTU != s.MTU {
		return fmt.Errorf("%s takes the path MTU for %d, want %d", s.Owner, s.PathMTU, s.MTU)
	}
	return nil
}

// RunSingle provokes one PTB for each server in turn, with pmtud running on all: a
// client asks, and the server answers with one datagram as big as its own interface
// allows, which the hop does not let pass. It waits for what pmtud makes of it, and then
// [Quiet] for more. It is an error if a daemon does not end in order.
func RunSingle(ctx context.Context, config Config) ([]Single, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	config.Clients = max(config.Clients, config.Servers)
	n, err := Build(config)
	if err != nil {
		return nil, err
	}
	var singles []Single
	_, exits, err := n.observe(ctx, func(ctx context.Context, seen *recording) error {
		asked, err := n.listen()
		defer asked.close()
		if err != nil {
			return err
		}
		for i, s := range n.Servers {
			// A client for each: with a socket that is not connected, other servers believe
			// a broadcast too.
			single, err := n.provoke(ctx, n.client(i), s, asked, seen)
			if err != nil {
				return fmt.Errorf("provoke PTB for %s: %w", s.Name, err)
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
func (n *Network) provoke(ctx context.Context, client netip.Addr, owner *Server, asked *questions, seen *recording) (Single, error) {
	q, err := n.ask(ctx, client, owner, asked)
	if err != nil {
		return Single{}, err
	}
	before := seen.length()
	since := func() Traffic { return seen.traffic(before, n.place()) }
	if _, err := q.socket.WriteTo(make([]byte, wide-n.Config.Family.udpOverhead()), q.from); err != nil {
		return Single{}, fmt.Errorf("send datagram: %w", err)
	}
	if err := waitForCopies(since, len(n.Servers)-1); err != nil {
		return Single{}, err
	}
	mtu, err := n.pathMTU(ctx, owner.Service.NS, q.from)
	return Single{
		Owner: owner.Service.NS.Name, Peers: len(n.Servers) - 1,
		Traffic: since(), PathMTU: mtu, MTU: n.Config.MTU,
	}, err
}

// waitForCopies returns when there was a broadcast, or a datagram to each peer, [Quiet]
// ago, or when there were more.
func waitForCopies(since func() Traffic, peers int) error {
	atLeast := func(broadcasts, datagrams int) func() error {
		return func() error {
			if t := since(); t.Broadcasts < broadcasts && t.Datagrams < datagrams {
				return fmt.Errorf("neither a broadcast nor datagrams to %d peers: %v", peers, t)
			}
			return nil
		}
	}
	if err := poll(time.Now().Add(5*time.Second), atLeast(1, peers)); err != nil {
		return err
	}
	_ = poll(time.Now().Add(Quiet), atLeast(2, peers+1)) // that none comes is what should happen
	return nil
}

// pathMTU returns what a kernel has learned about the path to an address.
func (n *Network) pathMTU(ctx context.Context, ns *netns.NS, to net.Addr) (mtu int, err error) {
	socket, err := ns.Dial(ctx, n.Config.Family.network("udp"), "", to.String())
	if err != nil {
		return 0, err
	}
	defer socket.Close()
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

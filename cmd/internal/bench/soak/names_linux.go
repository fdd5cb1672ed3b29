package soak

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// peersNet is where the addresses of the name "peers" are. All of it is the host's own, so
// that what goes there stays in the host.
const peersNet = "198.18.0.1/16"

// mostPeers is the number of addresses that the name has at most: more than fit in an answer
// over UDP.
const mostPeers = 200

// names is the host's name server. It knows one name, whose addresses change.
type names struct {
	conn net.PacketConn
	done sync.WaitGroup

	mu    sync.Mutex
	addrs []netip.Addr
	code  dnsmessage.RCode
	mute  bool // it does not answer
}

// serveNames starts the name server in the host's namespace.
func serveNames(ns *netns.NS) (*names, error) {
	n := &names{addrs: []netip.Addr{peerAddr(2)}}
	err := ns.Do(func() (err error) {
		n.conn, err = net.ListenPacket("udp4", "127.0.0.1:53")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("serve names: %w", err)
	}
	n.done.Go(n.serve)
	return n, nil
}

func (n *names) close() error {
	err := n.conn.Close()
	n.done.Wait()
	return err
}

// flip changes what the server says: other addresses, more, fewer, none, an error, or nothing.
func (n *names) flip(random *rand.Rand) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs, n.code, n.mute = nil, dnsmessage.RCodeSuccess, false
	switch random.IntN(5) {
	case 0:
		n.code = dnsmessage.RCodeNameError
	case 1:
		n.code = dnsmessage.RCodeServerFailure
	case 2:
		n.mute = true
	default:
		for range random.IntN(mostPeers) {
			n.addrs = append(n.addrs, peerAddr(random.IntN(1<<16)))
		}
	}
}

// reset has the server answer with one address.
func (n *names) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addrs, n.code, n.mute = []netip.Addr{peerAddr(2)}, dnsmessage.RCodeSuccess, false
}

func peerAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}) }

func (n *names) serve() {
	buf := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var m dnsmessage.Message
		if err != nil || m.Unpack(buf[:size]) != nil || len(m.Questions) != 1 || !n.answer(&m) {
			continue
		}
		if reply, err := m.Pack(); err == nil {
			_, _ = n.conn.WriteTo(reply, from) // who asked may be gone
		}
	}
}

// answer turns a question into its answer and reports whether there is one.
func (n *names) answer(m *dnsmessage.Message) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals, m.RCode = true, true, nil, n.code
	if q.Type == dnsmessage.TypeA && n.code == dnsmessage.RCodeSuccess {
		for _, addr := range n.addrs {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: addr.As4()},
			})
		}
	}
	return !n.mute
}

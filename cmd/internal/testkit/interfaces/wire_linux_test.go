package interfaces_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// world has a host with pmtud and, at the other end of its cables, what sends it messages and
// watches what it sends.
type world struct {
	kind
	host, other *netns.NS

	socket      int     // of the other end, without link-layer headers
	index       int     // of its interface
	destination [8]byte // hardware address of the host's child
	copies      copies
}

// counts is how many copies of messages have come to the other end.
type counts struct {
	broadcasts int
	messages   int // readdressed by the sink peers
	datagrams  int // of the sink relay
}

// copies counts them.
type copies struct {
	mu sync.Mutex
	counts
}

func (c *copies) read() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

func (c *copies) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts = counts{}
}

const (
	host4, other4 = "10.99.0.1", "10.99.0.2"
	host6, other6 = "fd99::1", "fd99::2"
)

func newWorld(t *testing.T, k kind) *world {
	w := &world{kind: k, host: netns.NewTest(t, "host"), other: netns.NewTest(t, "other")}
	for _, name := range []*string{&w.child, &w.wire} {
		if *name == "" {
			*name = "child"
		}
	}
	if w.family == "" {
		w.family = "46"
	}
	netns.Must(t, netns.Veth(w.host, "eth0", w.other, "eth0"), netns.Veth(w.host, "eth1", w.other, "eth1"))
	if w.make != nil {
		made(t, w.make(w.host, w.other))
	}
	netns.Must(t, w.host.Addr(w.child, host4+"/24", host6+"/64", "192.0.2.1/32", "2001:db8::1/128"),
		w.other.Addr(w.wire, other4+"/24", other6+"/64"))
	awaitCarrier(t, w.host, w.child)
	awaitCarrier(t, w.other, w.wire)
	w.watch(t)
	listener, err := w.other.ListenPacket("udp", fmt.Sprintf("[::]:%d", relayPort)) // else ICMP errors answer the datagrams
	netns.Must(t, err)
	t.Cleanup(func() { listener.Close() })
	return w
}

// watch counts the PTBs that come to the other end.
func (w *world) watch(t *testing.T) {
	t.Helper()
	child, err := w.host.Interface(w.child)
	netns.Must(t, err)
	copy(w.destination[:], child.HardwareAddr)
	ifi, err := w.other.Interface(w.wire)
	netns.Must(t, err)
	w.index = ifi.Index
	netns.Must(t, w.other.Do(func() (err error) {
		w.socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	}))
	all := unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: w.index}
	timeout := unix.Timeval{Usec: 50_000} // to see the test's end
	netns.Must(t, unix.Bind(w.socket, &all), unix.SetsockoptTimeval(w.socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for buffer := make([]byte, 2048); t.Context().Err() == nil; {
			n, from, err := unix.Recvfrom(w.socket, buffer, 0)
			if err == nil {
				w.copies.note(buffer[:n], from.(*unix.SockaddrLinklayer).Pkttype)
			}
		}
	}()
	t.Cleanup(func() { <-done; unix.Close(w.socket) })
}

func (c *copies) note(packet []byte, to uint8) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := pipeline.Packet{Data: packet, Length: len(packet), LinkType: linklayer.Raw}
	switch p.Decode(); {
	case p.PTB != 0 && to == unix.PACKET_BROADCAST:
		c.broadcasts++
	case p.PTB != 0 && to == unix.PACKET_HOST:
		c.messages++
	case isRelayed(packet) && to == unix.PACKET_HOST:
		c.datagrams++
	}
}

const relayPort = 4821

// isRelayed reports whether an IP packet without options is a datagram of the sink relay.
func isRelayed(packet []byte) bool {
	version, protocol, udp := packet[0]>>4, packet[9], packet[20:]
	if version == 6 {
		protocol, udp = packet[6], packet[40:]
	}
	return protocol == unix.IPPROTO_UDP && binary.BigEndian.Uint16(udp[2:]) == relayPort
}

// send sends the host three messages of each IP version, each about another connection.
func (w *world) send(t *testing.T) (sent int) {
	t.Helper()
	for family, router := range map[string]string{"4": "203.0.113.1", "6": "2001:db8:f::1"} {
		if !strings.Contains(w.family, family) {
			continue
		}
		for range 3 {
			sent++
			frame := pipelinetest.PTB{Router: netip.MustParseAddr(router), DstPort: uint16(port.Add(1))}.Frame()
			to := unix.SockaddrLinklayer{
				Protocol: bigEndian(binary.BigEndian.Uint16(frame[12:])), Ifindex: w.index, Halen: 6, Addr: w.destination,
			}
			if w.noEthernet {
				to.Halen = 0
			}
			netns.Must(t, unix.Sendto(w.socket, frame[wire.EthernetLen:], 0, &to))
		}
	}
	return sent
}

// port is that of the last client.
var port atomic.Uint32

func bigEndian(n uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, n))
}

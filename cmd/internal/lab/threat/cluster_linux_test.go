package threat_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sources/pcap"
)

// timeout is how long a test waits for what must happen.
const timeout = 30 * time.Second

// Ports of the service on every server: one of QUIC, on the list, and one that is not.
// Both are wildcard sockets.
const (
	listedPort   = 443
	unlistedPort = 5353
)

// victim is the server that has the connection; forged messages go to server 0.
const victim = 1

// cluster is three servers with a service, in a mode, and a forger on the router.
type cluster struct {
	*lab.Network
	connection netip.AddrPort // the client's end
	sequence   uint32         // the next number that the victim would send

	forger  *packet.Conn
	gateway net.HardwareAddr
	routers int // that have sent something

	mu     sync.Mutex
	copies map[netip.Addr]int // packets that servers sent, by the client they are about
}

func newCluster(t *testing.T, family lab.Family) *cluster {
	t.Helper()
	n, err := lab.Build(lab.Config{Family: family})
	netns.Must(t, err)
	t.Cleanup(func() { netns.Must(t, n.Close()) })
	c := &cluster{Network: n, copies: map[netip.Addr]int{}}
	c.serve(t)
	c.count(t)
	ifi, err := n.Router.Interface("lan0")
	netns.Must(t, err)
	c.gateway = ifi.HardwareAddr
	netns.Must(t, n.Router.Do(func() (err error) {
		c.forger, err = packet.Listen(ifi, packet.Raw, unix.ETH_P_LOOP, nil)
		return err
	}))
	t.Cleanup(func() { c.forger.Close() })
	return c
}

// serve has all servers listen, and makes a connection to the victim.
func (c *cluster) serve(t *testing.T) {
	t.Helper()
	version := fmt.Sprint(int(c.Config.Family))
	accepted := make(chan net.Conn, 100) // more than are made
	anybody := netip.IPv4Unspecified()
	if c.VIP.Is6() {
		anybody = netip.IPv6Unspecified()
	}
	for i, s := range c.Servers {
		l, err := s.NS.Listen("tcp"+version, netip.AddrPortFrom(c.VIP, listedPort).String())
		netns.Must(t, err)
		t.Cleanup(func() { l.Close() })
		go acceptAll(l, i == victim, accepted)
		for _, port := range []uint16{listedPort, unlistedPort} {
			udp, err := s.NS.ListenPacket("udp"+version, netip.AddrPortFrom(anybody, port).String())
			netns.Must(t, err)
			t.Cleanup(func() { udp.Close() })
		}
	}
	c.connection = c.connect(t, "tcp"+version)
	for conn := range accepted {
		t.Cleanup(func() { conn.Close() })
		if conn.RemoteAddr().String() == c.connection.String() {
			c.sequence = nextSequence(t, conn.(*net.TCPConn))
			return
		}
	}
}

// connect connects from one port after the other, until the router's hash leads to the
// victim. While the router still looks for its neighbours it may send the packets of a
// connection to several servers, which reset it.
func (c *cluster) connect(t *testing.T, network string) (client netip.AddrPort) {
	t.Helper()
	var err error
	deadline := time.Now().Add(timeout)
	for port := uint16(40000); time.Now().Before(deadline); port++ {
		client = netip.AddrPortFrom(c.clientAddr(t), port)
		var conn net.Conn
		conn, err = c.Clients.Dial(t.Context(), network, client.String(), netip.AddrPortFrom(c.VIP, listedPort).String())
		if err != nil {
			continue
		}
		t.Cleanup(func() { conn.Close() })
		netns.Must(t, conn.SetReadDeadline(time.Now().Add(timeout/10)))
		greeting := make([]byte, 1)
		if _, err = conn.Read(greeting); err == nil && greeting[0] == 'v' {
			return client
		}
	}
	t.Fatalf("no connection to server %d: %v", victim, err)
	return client
}

// acceptAll says of each connection whose it is.
func acceptAll(l net.Listener, isVictim bool, accepted chan<- net.Conn) {
	for {
		conn, err := l.Accept()
		switch {
		case err != nil:
			return
		case isVictim:
			_, _ = conn.Write([]byte("v"))
			accepted <- conn
			continue
		}
		_, _ = conn.Write([]byte("o"))
		conn.Close()
	}
}

// nextSequence asks the kernel for the next number that an end sends (TCP_REPAIR).
func nextSequence(t *testing.T, conn *net.TCPConn) uint32 {
	t.Helper()
	const sendQueue, offWithoutProbe = 2, -1
	raw, err := conn.SyscallConn()
	netns.Must(t, err)
	var sequence int
	var failed error
	netns.Must(t, raw.Control(func(fd uintptr) {
		set := func(option, value int) error { return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, option, value) }
		failed = errors.Join(set(unix.TCP_REPAIR, 1), set(unix.TCP_REPAIR_QUEUE, sendQueue))
		sequence, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUEUE_SEQ)
		failed = errors.Join(failed, err, set(unix.TCP_REPAIR, offWithoutProbe))
	}))
	netns.Must(t, failed)
	return uint32(sequence)
}

func (c *cluster) clientAddr(t *testing.T) (client netip.Addr) {
	t.Helper()
	ifi, err := c.Clients.Interface(lab.Interface)
	netns.Must(t, err, c.Clients.Do(func() error {
		addrs, err := ifi.Addrs()
		for _, a := range addrs {
			addr, _ := netip.AddrFromSlice(a.(*net.IPNet).IP)
			if addr = addr.Unmap(); addr.Is4() == c.VIP.Is4() && !addr.IsLinkLocalUnicast() {
				client = addr
			}
		}
		return err
	}))
	return client
}

// count counts the PTBs that servers send, sealed ones too, by the client that they are about.
func (c *cluster) count(t *testing.T) {
	t.Helper()
	for _, s := range c.Servers {
		settings := *pcap.Plugin().NewSettings().(*pcap.Settings)
		settings.Interface, settings.Promiscuous = setting.InterfaceName(s.Name), true // the bridge's port
		source, err := pcap.New(settings, pipelinetest.Env(t))
		netns.Must(t, err, c.LANs[0].Do(func() error { return source.Open(t.Context()) }))
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- source.Run(ctx, c.note) }()
		t.Cleanup(func() {
			cancel()
			netns.Must(t, <-done, source.Close())
		})
	}
}

func (c *cluster) note(batch []pipeline.Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range batch {
		p := &batch[i]
		p.Decode()
		if packet := relayed(p); packet != nil {
			p = &pipeline.Packet{Data: packet, Length: len(packet), LinkType: linklayer.Raw}
			p.Decode()
		}
		if q, ok := p.Quoted(); ok {
			c.copies[q.Dst]++
		}
	}
}

// relayed returns the IP packet that a datagram of a sink relay without a key holds, or nil.
func relayed(p *pipeline.Packet) []byte {
	const relayPort = 4821
	if p.Network < 0 || p.PTB != 0 {
		return nil
	}
	ip := gopacket.NewPacket(p.Data[p.Network:], layers.LayerTypeIPv4, gopacket.NoCopy)
	if p.EtherType == linklayer.EtherTypeIPv6 {
		ip = gopacket.NewPacket(p.Data[p.Network:], layers.LayerTypeIPv6, gopacket.NoCopy)
	}
	udp, ok := ip.TransportLayer().(*layers.UDP)
	if !ok || udp.DstPort != relayPort {
		return nil
	}
	keys, err := sealed.Keys(nil, true)
	if err != nil {
		panic(err) // everybody knows this one
	}
	// Each with an Opener of its own: the same datagram goes to every peer.
	packet, _ := sealed.NewOpener(keys, 1).Open(udp.Payload, time.Now())
	return packet
}

func (c *cluster) sent(client netip.Addr) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.copies[client]
}

// start runs pmtud on every server, and returns what stops it in order.
func (c *cluster) start(t *testing.T, binary string, m mode) (stop func()) {
	t.Helper()
	dir := t.TempDir()
	var daemons []*rig.Process
	for _, s := range c.Servers {
		if m.nflog {
			netns.Must(t, logICMP(s.NS))
		}
		arguments, err := m.arguments(dir, c.Network, s)
		netns.Must(t, err)
		daemons = append(daemons, startDaemon(t, s.NS, binary, arguments))
	}
	return func() {
		for _, d := range daemons {
			netns.Must(t, d.Stop(syscall.SIGTERM))
		}
	}
}

// startDaemon waits until the program is ready.
func startDaemon(t *testing.T, ns *netns.NS, binary string, arguments []string) *rig.Process {
	t.Helper()
	d, err := rig.Start(ns, "pmtud", exec.Command(binary, arguments...), rig.Options{Ready: "msg=ready"})
	netns.Must(t, err)
	t.Cleanup(d.Kill) // if the test has failed
	netns.Must(t, d.WaitReady(t.Context()))
	return d
}

// send sends a forged message to server 0, from a new router.
func (c *cluster) send(t *testing.T, f forged) {
	t.Helper()
	c.routers++
	to := c.Servers[0].MAC
	_, err := c.forger.WriteTo(f.frame(c.gateway, to, c.routers), &packet.Addr{HardwareAddr: to})
	netns.Must(t, err)
}

// believers returns how many servers have a path MTU for a client.
func (c *cluster) believers(t *testing.T, client netip.Addr) (n int) {
	t.Helper()
	for i := range c.Servers {
		n += c.entries(t, i, []netip.Addr{client})
	}
	return n
}

// entries returns for how many of the clients a server has a path MTU.
func (c *cluster) entries(t *testing.T, server int, clients []netip.Addr) (n int) {
	t.Helper()
	netns.Must(t, c.Servers[server].NS.Do(func() error {
		for _, client := range clients {
			routes, err := netlink.RouteGet(client.AsSlice())
			if err != nil {
				return fmt.Errorf("get route to %v: %w", client, err)
			}
			if len(routes) > 0 && routes[0].MTU > 0 {
				n++
			}
		}
		return nil
	}))
	return n
}

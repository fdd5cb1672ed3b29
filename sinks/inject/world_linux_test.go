package inject_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/nat"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

// patience bounds what a test waits for.
const patience = 30 * time.Second

// plan is the addresses of a world of one family.
type plan struct {
	family, bits, anywhere, forwarding string

	client, node, inner, pod, service, router string
}

var plans = map[string]plan{
	"IPv4": {
		"4", "/24", "0.0.0.0/0", "net.ipv4.ip_forward",
		"192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2", "203.0.113.80", "203.0.113.1",
	},
	"IPv6": {
		"6", "/64", "::/0", "net.ipv6.conf.all.forwarding",
		"2001:db8:1::1", "2001:db8:1::2", "2001:db8:5::1", "2001:db8:5::2", "2001:db8:4::80", "2001:db8:f::1",
	},
}

const clientPort = 4000

// world is a node whose service is a container behind destination NAT, and the rest of the
// world, to which its default route leads.
type world struct {
	outside, node, pod *netns.NS
}

// newWorld makes both families of it, and a connection (UDP) of each.
func newWorld(t *testing.T) world {
	t.Helper()
	w := world{netns.NewTest(t, "outside"), netns.NewTest(t, "node"), netns.NewTest(t, "pod")}
	netns.Must(t,
		netns.Veth(w.outside, "eth0", w.node, "eth0"),
		netns.Veth(w.pod, "eth0", w.node, "pod0"),
	)
	for _, p := range plans {
		netns.Must(t,
			w.outside.Addr("eth0", p.client+p.bits),
			w.node.Addr("eth0", p.node+p.bits),
			w.node.Addr("pod0", p.inner+p.bits),
			w.pod.Addr("eth0", p.pod+p.bits),
			w.node.Route(p.anywhere, p.client),
			w.outside.Route(p.anywhere, p.node),
			w.pod.Route(p.anywhere, p.inner),
			w.node.Sysctl(p.forwarding, "1"),
			nat.Publish(w.node, nat.Service{Address: addrPort(p.service, 80), Backend: addrPort(p.pod, 8080)}),
		)
		w.connect(t, p)
	}
	return w
}

func addrPort(address string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), port)
}

// connect has the client ask the service, which makes conntrack know the connection.
func (w world) connect(t *testing.T, p plan) {
	t.Helper()
	server, err := w.pod.ListenPacket("udp"+p.family, net.JoinHostPort(p.pod, "8080"))
	netns.Must(t, err)
	t.Cleanup(func() { server.Close() })
	client, err := w.outside.Dial(t.Context(), "udp"+p.family, addrPort(p.client, clientPort).String(), addrPort(p.service, 80).String())
	netns.Must(t, err)
	t.Cleanup(func() { client.Close() })
	buf := make([]byte, 10)
	netns.Must(t, server.SetDeadline(time.Now().Add(patience)), client.SetDeadline(time.Now().Add(patience)))
	_, err = client.Write([]byte("ask"))
	netns.Must(t, err)
	_, from, err := server.ReadFrom(buf)
	netns.Must(t, err)
	_, err = server.WriteTo([]byte("answer"), from)
	netns.Must(t, err)
	_, err = client.Read(buf)
	netns.Must(t, err)
}

// message describes a PTB about a packet of the service to the client. A port that no client
// has is about a connection that the node does not have.
type message struct {
	plan
	port uint16
	mtu  uint16
	id   uint16 // tells messages apart
	ttl  uint8
}

// packet returns the message as it was captured on an Ethernet.
func (m message) packet() *pipeline.Packet {
	eth := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}}
	router, service, client := net.ParseIP(m.router), net.ParseIP(m.service), net.ParseIP(m.client)
	udp := &layers.UDP{SrcPort: 80, DstPort: layers.UDPPort(m.port)}
	var frame []byte
	if m.family == "4" {
		eth.EthernetType = layers.EthernetTypeIPv4
		quoted := &layers.IPv4{Version: 4, TTL: 60, Id: m.id, Protocol: layers.IPProtocolUDP, Flags: layers.IPv4DontFragment, SrcIP: service, DstIP: client}
		_ = udp.SetNetworkLayerForChecksum(quoted)
		frame = serialize(
			eth, &layers.IPv4{Version: 4, TTL: m.ttl, Id: m.id, Protocol: layers.IPProtocolICMPv4, SrcIP: router, DstIP: service},
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 4), Seq: m.mtu},
			gopacket.Payload(serialize(quoted, udp, gopacket.Payload(make([]byte, 1400)))[:28]),
		)
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		quoted := &layers.IPv6{Version: 6, HopLimit: 60, FlowLabel: uint32(m.id), NextHeader: layers.IPProtocolUDP, SrcIP: service, DstIP: client}
		_ = udp.SetNetworkLayerForChecksum(quoted)
		outer := &layers.IPv6{Version: 6, HopLimit: m.ttl, FlowLabel: uint32(m.id), NextHeader: layers.IPProtocolICMPv6, SrcIP: router, DstIP: service}
		icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(2, 0)}
		_ = icmp.SetNetworkLayerForChecksum(outer)
		body := binary.BigEndian.AppendUint32(nil, uint32(m.mtu))
		frame = serialize(eth, outer, icmp, gopacket.Payload(append(body, serialize(quoted, udp, gopacket.Payload(make([]byte, 1400)))[:200]...)))
	}
	p := &pipeline.Packet{Data: frame, Length: len(frame), LinkType: linklayer.Ethernet, Time: pipeline.InstantOf(time.Now())}
	p.Clock = p.Time
	p.Decode()
	return p
}

func serialize(stack ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		panic(err) // all layers are made here
	}
	return buf.Bytes()
}

// pathMTU returns the path MTU to the client that the namespace has learned.
func pathMTU(t *testing.T, ns *netns.NS, p plan) (mtu int) {
	t.Helper()
	c, err := ns.Dial(t.Context(), "udp"+p.family, "", addrPort(p.client, 9).String())
	netns.Must(t, err)
	defer c.Close()
	level, option := unix.IPPROTO_IP, unix.IP_MTU
	if p.family == "6" {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	raw, err := c.(syscall.Conn).SyscallConn()
	netns.Must(t, err)
	var got error
	netns.Must(t, raw.Control(func(fd uintptr) { mtu, got = unix.GetsockoptInt(int(fd), level, option) }), got)
	return mtu
}

// awaitMTU waits until the container has learned a path MTU.
func (w world) awaitMTU(t *testing.T, p plan, want int) {
	t.Helper()
	await(t, func() error {
		if mtu := pathMTU(t, w.pod, p); mtu != want {
			return fmt.Errorf("path MTU in the container is %d, want %d", mtu, want)
		}
		return nil
	})
}

// await waits until something is right.
func await(t testing.TB, wrong func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

var silent = slog.New(slog.DiscardHandler)

func errorOf(errs ...error) error { return errors.Join(errs...) }

func settings(change func(*inject.Settings)) *inject.Settings {
	s := inject.Plugin().NewSettings().(*inject.Settings)
	if change != nil {
		change(s)
	}
	return s
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(b)
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// build returns a sink and its log.
func build(t testing.TB, change func(*inject.Settings)) (pipeline.Sink, *lines) {
	t.Helper()
	env, log := pipelinetest.Env(t), new(lines)
	env.Log = slog.New(slog.NewTextHandler(log, nil))
	stage, err := inject.Plugin().Build(settings(change), env)
	netns.Must(t, err)
	return stage.(pipeline.Sink), log
}

// open returns a sink that is open in a namespace until the test ends.
func open(t testing.TB, ns *netns.NS, change func(*inject.Settings)) (pipeline.Sink, *lines) {
	t.Helper()
	sink, log := build(t, change)
	netns.Must(t, ns.Do(func() error { return sink.Open(context.Background()) }))
	t.Cleanup(func() { netns.Must(t, sink.Close()) })
	return sink, log
}

func deliver(sink pipeline.Sink, p *pipeline.Packet) pipeline.Reason {
	failed := make([]pipeline.Reason, 1)
	sink.Deliver([]*pipeline.Packet{p}, failed)
	return failed[0]
}

func complaint(sink pipeline.Sink) string {
	if err := sink.(pipeline.HealthChecker).Health(); err != nil {
		return err.Error()
	}
	return ""
}

// checkLog wants a line about a cause, with a hint.
func checkLog(t *testing.T, log *lines, cause string) {
	t.Helper()
	await(t, func() error {
		if text := log.String(); !strings.Contains(text, cause) || !strings.Contains(text, "hint=") {
			return fmt.Errorf("log says nothing of %q:\n%s", cause, text)
		}
		return nil
	})
}

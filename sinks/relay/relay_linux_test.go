package relay_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/sinks/relay"
)

const secret = "a text that is long enough"

// settings are the defaults with peers and a key.
func settings(t testing.TB, peers ...string) *relay.Settings {
	t.Helper()
	s := relay.Plugin().NewSettings().(*relay.Settings)
	s.Key = []string{secret}
	s.Peers = make([]peerlist.Address, len(peers))
	for i, text := range peers {
		netns.Must(t, s.Peers[i].UnmarshalText([]byte(text)))
	}
	return s
}

func open(t testing.TB, s *relay.Settings) *relay.Sink {
	t.Helper()
	built, err := relay.Plugin().Build(s, pipelinetest.Env(t))
	netns.Must(t, err)
	sink := built.(*relay.Sink)
	t.Cleanup(func() { netns.Must(t, sink.Close()) })
	netns.Must(t, sink.Open(context.Background()))
	return sink
}

// deliver gives the sink one packet and returns the name of the reason, or "".
func deliver(sink pipeline.Sink, p pipeline.Packet) string {
	p.Decode()
	p.Clock = p.Time
	failed := make([]pipeline.Reason, 1)
	sink.Deliver([]*pipeline.Packet{&p}, failed)
	if failed[0] == pipeline.Pass {
		return ""
	}
	return relay.Plugin().Reasons[failed[0]-1].Name
}

// ptb returns a message of the family with an MTU to know it by.
func ptb(ipv6 bool, mtu uint32) pipeline.Packet {
	m := pipelinetest.PTB{MTU: mtu}
	if ipv6 {
		m.Router = netip.MustParseAddr("2001:db8:f::1")
	}
	return m.Packet(pipelinetest.Begin)
}

// newPeer makes a host that is on a link with this process: 10.99.0.1 and fd99::1 here,
// 10.99.0.2, fd99::2 and fe80::2 there.
func newPeer(t testing.TB) *netns.NS {
	t.Helper()
	own, peer := netns.Own(t), netns.NewTest(t, "peer")
	netns.Must(t, netns.Veth(own, "eth0", peer, "eth0"))
	t.Cleanup(func() { netns.Must(t, own.Delete("eth0")) })
	netns.Must(t,
		own.Addr("eth0", "10.99.0.1/24", "fd99::1/64"),
		peer.Addr("eth0", "10.99.0.2/24", "fd99::2/64", "fe80::2/64"),
	)
	return peer
}

// receiver opens the datagrams that come to a host.
type receiver struct {
	t      testing.TB
	conn   net.PacketConn
	opener *sealed.Opener
}

func listen(t testing.TB, ns *netns.NS, address string) *receiver {
	t.Helper()
	conn, err := ns.ListenPacket("udp", address)
	netns.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	key, err := sealed.NewKey(secret)
	netns.Must(t, err)
	return &receiver{t, conn, sealed.NewOpener([]sealed.Key{key}, 16)}
}

// next returns the IP packet in the next datagram.
func (r *receiver) next() []byte {
	r.t.Helper()
	buffer := make([]byte, 2048)
	netns.Must(r.t, r.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, _, err := r.conn.ReadFrom(buffer)
	netns.Must(r.t, err)
	packet, fault := r.opener.Open(buffer[:n], time.Now())
	if fault != sealed.OK {
		r.t.Fatal(fault)
	}
	return packet
}

func TestPlugin(t *testing.T) {
	listen(t, newPeer(t), "[::]:4821")
	pipelinetest.TestSink(t, relay.Plugin(), settings(t, "10.99.0.2", "fd99::2", "fe80::2%eth0", "10.99.0.3", "192.0.2.9"))
	dry := settings(t, "10.99.0.2")
	dry.DryRun = true
	pipelinetest.TestSink(t, relay.Plugin(), dry)
}

// TestPacketArrivesWhole compares every byte of what a peer opens.
func TestPacketArrivesWhole(t *testing.T) {
	for _, address := range []string{"10.99.0.2", "fd99::2", "fe80::2%eth0"} {
		for _, ipv6 := range []bool{false, true} {
			t.Run(fmt.Sprint(address, " IPv6 ", ipv6), func(t *testing.T) {
				r := listen(t, newPeer(t), "[::]:4821")
				p := ptb(ipv6, 1400)
				want := bytes.Clone(p.Data[14:])
				p.Data = append(p.Data, 1, 2, 3) // padding
				p.Length = len(p.Data)
				if got := deliver(open(t, settings(t, address)), p); got != "" {
					t.Fatal(got)
				}
				if ipv6 {
					want[7]--
				} else {
					want[8]--
					binary.BigEndian.PutUint16(want[10:], 0)
					binary.BigEndian.PutUint16(want[10:], checksum(want[:20]))
				}
				if diff := cmp.Diff(want, r.next()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// checksum is that of RFC 1071, of an even number of bytes.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	return ^uint16(sum>>16 + sum&0xffff)
}

// TestChecksum lowers every TTL, so that the checksum is carried over too.
func TestChecksum(t *testing.T) {
	r := listen(t, newPeer(t), "[::]:4821")
	sink := open(t, settings(t, "10.99.0.2"))
	for id := range 1024 {
		p := ptb(false, 1400)
		ip := p.Data[14:]
		binary.BigEndian.PutUint16(ip[4:], uint16(id*64))
		ip[8] = uint8(2 + id%254)
		binary.BigEndian.PutUint16(ip[10:], 0)
		binary.BigEndian.PutUint16(ip[10:], checksum(ip[:20]))
		if got := deliver(sink, p); got != "" {
			t.Fatal(got)
		}
		got := r.next()
		if got[8] != ip[8]-1 || checksum(got[:20]) != 0 {
			t.Fatalf("header %x", got[:20])
		}
	}
}

func TestReasons(t *testing.T) {
	newPeer(t)
	sink := open(t, settings(t, "10.99.0.2"))
	change := func(p pipeline.Packet, offset int, to byte) pipeline.Packet {
		p.Data[offset] = to
		return p
	}
	later := func(p pipeline.Packet, by time.Duration) pipeline.Packet {
		p.Time += pipeline.Instant(by)
		return p
	}
	long := func(n int) pipeline.Packet {
		p := ptb(true, 1400)
		p.Data = append(p.Data, make([]byte, 40+n-(len(p.Data)-14)-40)...)
		p.Length = len(p.Data)
		binary.BigEndian.PutUint16(p.Data[14+4:], uint16(n-40))
		return p
	}
	for _, tc := range []struct {
		name   string
		packet pipeline.Packet
		want   string
	}{
		{"sound", ptb(false, 1400), ""},
		{"again", ptb(false, 1400), "repeated"},
		{"again with another TTL", change(ptb(false, 1400), 14+8, 30), "repeated"},
		{"again after two seconds", later(ptb(false, 1400), 2*time.Second), ""},
		{"another IP identification", change(ptb(false, 1400), 14+5, 1), ""},
		{"another quoted segment", change(ptb(false, 1400), 14+28+20+7, 99), ""},
		{"IPv6", ptb(true, 1400), ""},
		{"IPv6 with another hop limit", change(ptb(true, 1400), 14+7, 30), "repeated"},
		{"TTL 2", change(ptb(false, 1402), 14+8, 2), ""},
		{"TTL 1", change(ptb(false, 1403), 14+8, 1), "ttl-expired"},
		{"TTL 0", change(ptb(false, 1403), 14+8, 0), "ttl-expired"},
		{"hop limit 1", change(ptb(true, 1403), 14+7, 1), "ttl-expired"},
		{"longest PTB", long(1280), ""},
		{"longest packet", long(sealed.MaxPacket), ""},
		{"too long", long(sealed.MaxPacket + 1), "too-long"},
		{"echo request", change(ptb(false, 1400), 34, 8), "not-ptb"},
		{"wrong IP version", change(ptb(false, 1400), 14, 0x55), "not-ptb"},
		{"IP length too small", change(ptb(false, 1400), 14+3, 27), "not-ptb"},
		{"cut by the capture", pipeline.Packet{Data: ptb(false, 1400).Data[:60], Length: 142, LinkType: linklayer.Ethernet}, "truncated"},
		{"not IP", change(ptb(false, 1400), 12, 0x12), "not-ptb"},
		{"empty", pipeline.Packet{LinkType: linklayer.Ethernet}, "not-ptb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := deliver(sink, tc.packet); got != tc.want {
				t.Errorf("reason %q, want %q", got, tc.want)
			}
		})
	}
	if got := deliver(open(t, settings(t, "10.99.0.1", "fd99::1", "::1")), ptb(false, 1400)); got != "no-peers" {
		t.Errorf("to this host: %q", got)
	}
	if got := deliver(open(t, settings(t, "10.99.0.2", "fd99::2")), ptb(false, 1400)); got != "" {
		t.Errorf("to a peer of each family: %q", got)
	}
	if got := deliver(open(t, settings(t, "192.0.2.9")), ptb(false, 1400)); got != "send-failed" {
		t.Errorf("without a route: %q", got)
	}
}

// TestLargestPTBIsNotFragmented sends the largest PTB over IPv6 on a link with an MTU of 1500.
func TestLargestPTBIsNotFragmented(t *testing.T) {
	peer := newPeer(t)
	sink := open(t, settings(t, "fd99::2"))
	r := listen(t, peer, "[::]:4821")
	frames, err := peer.ListenPacket("ip6:udp", "::") // fragments have another protocol
	netns.Must(t, err, frames.SetReadDeadline(time.Now().Add(10*time.Second)))
	defer frames.Close()
	p := ptb(true, 1400)
	p.Data = append(p.Data, make([]byte, 1280+14-len(p.Data))...)
	p.Length = len(p.Data)
	binary.BigEndian.PutUint16(p.Data[14+4:], 1240)
	if got := deliver(sink, p); got != "" {
		t.Fatal(got)
	}
	if n := len(r.next()); n != 1280 {
		t.Errorf("%d bytes, want 1280", n)
	}
	n, _, err := frames.ReadFrom(make([]byte, 2048))
	netns.Must(t, err)
	if n != 8+sealed.Overhead+1280 {
		t.Errorf("a UDP datagram of %d bytes", n)
	}
}

// TestPeersThatDoNotListen has a peer that answers every datagram with an ICMP error, which
// must not fail a send to another.
func TestPeersThatDoNotListen(t *testing.T) {
	peer := newPeer(t)
	netns.Must(t, peer.Addr("eth0", "10.99.0.3/24"))
	r := listen(t, peer, "10.99.0.2:4821")
	sink := open(t, settings(t, "10.99.0.3", "10.99.0.2", "fd99::2"))
	for i := range 200 {
		if got := deliver(sink, ptb(false, uint32(1000+i))); got != "" {
			t.Fatal(got)
		}
		r.next()
	}
	for _, c := range sink.Counters() {
		if c.Sent != 200 {
			t.Errorf("%+v, want 200 sent", c)
		}
	}
}

// TestPluginDefaults wants what the documentation says. Messages of other hosts must not go round.
func TestPluginDefaults(t *testing.T) {
	plugin := relay.Plugin()
	want := &relay.Settings{Port: 4821, Refresh: 30 * time.Second}
	if diff := cmp.Diff(want, plugin.NewSettings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if plugin.Reach != pipeline.ReachNetwork {
		t.Errorf("reach %d", plugin.Reach)
	}
}

func TestSettings(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*relay.Settings)
		want   string
	}{
		{"sound", func(*relay.Settings) {}, ""},
		{"no peers", func(s *relay.Settings) { s.Peers = nil }, "peers: is empty"},
		{"no key", func(s *relay.Settings) { s.Key = nil }, "key: is missing"},
		{"insecure", func(s *relay.Settings) { s.Key, s.Insecure = nil, true }, ""},
		{"key and insecure", func(s *relay.Settings) { s.Insecure = true }, ""},
		{"short key", func(s *relay.Settings) { s.Key = []string{"short"} }, "key: number 1 is too short: 5 bytes"},
		{"port", func(s *relay.Settings) { s.Port = 0 }, "port: must be at least 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings(t, "192.0.2.1")
			tc.change(s)
			got := ""
			if _, err := relay.Plugin().Build(s, pipelinetest.Env(t)); err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tc.want) || (got == "") != (tc.want == "") {
				t.Errorf("error %q, want %q", got, tc.want)
			}
		})
	}
}

// TestPeersMessageIsNotSent gives the sink what a peer's data plane has translated for this
// host: its router is the peer.
func TestPeersMessageIsNotSent(t *testing.T) {
	newPeer(t)
	for _, peer := range []string{"10.99.0.2", "fd99::2"} {
		sink := open(t, settings(t, peer))
		translated := pipelinetest.PTB{Router: netip.MustParseAddr(peer)}.Packet(pipelinetest.Begin)
		if got := deliver(sink, translated); got != "from-peer" {
			t.Errorf("a message of %s: %q, want from-peer", peer, got)
		}
	}
}

package peerlist_test

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func udp(lateErrors bool) func(ipv6 bool) peerlist.SocketOptions {
	return func(ipv6 bool) peerlist.SocketOptions {
		o := peerlist.SocketOptions{
			Name: "UDP", Family: unix.AF_INET, Type: unix.SOCK_DGRAM, LateErrors: lateErrors,
			Prepare: func(int) error { return nil },
		}
		if ipv6 {
			o.Family = unix.AF_INET6
		}
		return o
	}
}

// datagram is what a peer got.
type datagram struct {
	Text string
	TTL  int // or hop limit
}

// receiver returns what gets the next datagram for an address of a namespace.
func receiver(t *testing.T, ns *netns.NS, addr string) func() datagram {
	t.Helper()
	c, err := ns.ListenPacket("udp", net.JoinHostPort(addr, "4821"))
	netns.Must(t, err, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { c.Close() })
	buf := make([]byte, 100)
	if netip.MustParseAddr(addr).Is4() {
		p := ipv4.NewPacketConn(c)
		netns.Must(t, p.SetControlMessage(ipv4.FlagTTL, true))
		return func() datagram {
			n, control, _, err := p.ReadFrom(buf)
			netns.Must(t, err)
			return datagram{string(buf[:n]), control.TTL}
		}
	}
	p := ipv6.NewPacketConn(c)
	netns.Must(t, p.SetControlMessage(ipv6.FlagHopLimit, true))
	return func() datagram {
		n, control, _, err := p.ReadFrom(buf)
		netns.Must(t, err)
		return datagram{string(buf[:n]), control.HopLimit}
	}
}

// TestSend sends messages to peers of both families, between which there are some without a
// route. They get all bytes with the TTL, and the others count.
func TestSend(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		hopLimit, lateErrors bool
		ttl, calls           int
	}{
		// Each system call ends before a peer that it fails for, which is the first of the next one.
		{"TTL of the host", false, false, 64, 2 * (4 + 1)},
		{"own TTL", true, false, 7, 2 * (4 + 1)},
		{"errors that come late", true, true, 7, 2 * (6 + 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			own, other := netns.Own(t), netns.NewTest(t, "other")
			netns.Must(t,
				netns.Veth(own, "eth0", other, "eth0"),
				own.Addr("eth0", "10.99.0.1/24", "fd99::1/64", "fe80::1/64"),
				other.Addr("eth0", "10.99.0.2/24", "10.99.0.3/24", "fd99::2/64", "fe80::2/64"),
			)
			t.Cleanup(func() { netns.Must(t, own.Delete("eth0")) })
			var receivers []func() datagram
			for _, addr := range []string{"10.99.0.2", "10.99.0.3", "fd99::2", "fe80::2%eth0"} {
				receivers = append(receivers, receiver(t, other, addr))
			}
			var log pipelinetest.Buffer
			l := peerlist.New(peerlist.Config{
				Addresses: addresses(t, "192.0.2.9", "10.99.0.2", "198.51.100.9", "10.99.0.3", "fd99::2", "fe80::2%eth0"),
				Refresh:   time.Minute, Port: 4821, Protocol: udp(tc.lateErrors), HopLimit: tc.hopLimit,
				Log: slog.New(slog.NewTextHandler(&log, nil)),
			})
			netns.Must(t, l.Open(t.Context()))
			plan := l.Plan()
			for _, text := range []string{"a message", "another"} {
				if n := plan.IPv4.Send(l.Sockets.IPv4, []byte(text), 7); n != 2 {
					t.Errorf("%d sent over IPv4, want 2", n)
				}
				if n := plan.IPv6.Send(l.Sockets.IPv6, []byte(text), 7); n != 2 {
					t.Errorf("%d sent over IPv6, want 2", n)
				}
				for i, receive := range receivers {
					if diff := cmp.Diff(datagram{text, tc.ttl}, receive()); diff != "" {
						t.Errorf("receiver %d (-want +got):\n%s", i, diff)
					}
				}
			}
			if n := l.Sockets.Calls(); n != tc.calls {
				t.Errorf("%d system calls, want %d", n, tc.calls)
			}
			checkCounts(t, l)
			netns.Must(t, l.Close())
			for _, peer := range []string{"192.0.2.9", "198.51.100.9"} {
				if line := `msg="peer missed messages" peer=` + peer + " sent=0 failed.no-route=2\n"; !strings.Contains(log.String(), line) {
					t.Errorf("log lacks %q:\n%s", line, &log)
				}
			}
			if n := strings.Count(log.String(), "\n"); n != 2 {
				t.Errorf("log has %d lines:\n%s", n, &log)
			}
		})
	}
}

// checkCounts checks that two messages went to each peer that has a route.
func checkCounts(t *testing.T, l *peerlist.List) {
	t.Helper()
	for _, c := range l.Counters() {
		sent, noRoute := uint64(2), uint64(0)
		if c.Peer == "192.0.2.9" || c.Peer == "198.51.100.9" {
			sent, noRoute = 0, 2
		}
		if c.Sent != sent {
			t.Errorf("%s: %d sent, want %d", c.Peer, c.Sent, sent)
		}
		for _, f := range c.Failed {
			want := uint64(0)
			if f.Reason == "no-route" {
				want = noRoute
			}
			if f.Packets != want {
				t.Errorf("%s: %d failed for %s, want %d", c.Peer, f.Packets, f.Reason, want)
			}
		}
	}
}

func addresses(t *testing.T, texts ...string) (list []peerlist.Address) {
	t.Helper()
	for _, text := range texts {
		var a peerlist.Address
		netns.Must(t, a.UnmarshalText([]byte(text)))
		list = append(list, a)
	}
	return list
}

// TestManyPeers sends to more peers than a system call takes.
func TestManyPeers(t *testing.T) {
	const peers = 2 * 1024
	own := ownInterface(t, "eth0")
	netns.Must(t, own.Route("10.98.0.0/16", "10.99.0.2"))
	var list []peerlist.Address
	for i := range peers {
		list = append(list, peerlist.Address{IP: netip.AddrFrom4([4]byte{10, 98, byte(i >> 8), byte(i)})})
	}
	l := peerlist.New(peerlist.Config{Addresses: list, Refresh: time.Minute, Port: 9, Protocol: udp(false), Log: slog.New(slog.DiscardHandler)})
	netns.Must(t, l.Open(t.Context()))
	if n := l.Plan().IPv4.Send(l.Sockets.IPv4, []byte("x"), 1); n != peers {
		t.Errorf("%d sent, want %d", n, peers)
	}
	if n := l.Sockets.Calls(); n != 2 {
		t.Errorf("%d system calls, want 2", n)
	}
	netns.Must(t, l.Close())
}

// TestTargets lists names and addresses, of which one is this host's own and one is there twice.
func TestTargets(t *testing.T) {
	l := open(t, "10.99.0.2", "127.0.0.1", "fd99::2", "10.99.0.2", "localhost")
	want := []string{"10.99.0.2 [10.99.0.2]", "fd99::2 [fd99::2]"}
	var got []string
	for _, target := range l.Targets() {
		text := target.Listed.String() + " ["
		for _, a := range target.Addresses {
			text += a.String()
		}
		got = append(got, text+"]")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	got = nil
	for _, a := range l.Addresses() {
		got = append(got, a.String())
	}
	if diff := cmp.Diff([]string{"10.99.0.2", "127.0.0.1", "fd99::2", "localhost"}, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"10.99.0.2 1", "127.0.0.1 0", "fd99::2 1", "localhost 0"}, l.inUse()); diff != "" {
		t.Errorf("addresses in use (-want +got):\n%s", diff)
	}
	if text := l.log.String(); !strings.Contains(text, `msg="name looked up" peer=localhost addresses=`) {
		t.Errorf("log says\n%s", text)
	}
	if n := l.Plan().IPv4.Pretend(); n != 1 || l.Counters()[0].Sent != 1 {
		t.Errorf("%d pretended, %+v", n, l.Counters()[0])
	}
}

// TestNeeds wants the resolver's files where there are names.
func TestNeeds(t *testing.T) {
	for _, tc := range []struct {
		list  []string
		files int
	}{
		{[]string{"10.99.0.2", "fd99::2"}, 0},
		{[]string{"10.99.0.2", "b.example"}, 3},
	} {
		l := peerlist.New(peerlist.Config{Addresses: addresses(t, tc.list...)})
		needs := l.Needs()
		if diff := cmp.Diff(tc.list, needs.Hosts); diff != "" || len(needs.Files) != tc.files || l.HasNames() != (tc.files > 0) {
			t.Errorf("%v: files %v, names %v, hosts (-want +got):\n%s", tc.list, needs.Files, l.HasNames(), diff)
		}
	}
}

// TestFamilies opens sockets of the families that there may be peers of.
func TestFamilies(t *testing.T) {
	for _, tc := range []struct {
		peer       string
		ipv4, ipv6 bool
	}{{"10.99.0.2", true, false}, {"fd99::2", false, true}, {"localhost", true, true}} {
		l := peerlist.New(peerlist.Config{Addresses: addresses(t, tc.peer), Refresh: time.Minute, Protocol: udp(false), Log: slog.New(slog.DiscardHandler)})
		netns.Must(t, l.Open(t.Context()))
		if ipv4, ipv6 := l.Sockets.IPv4 != nil, l.Sockets.IPv6 != nil; ipv4 != tc.ipv4 || ipv6 != tc.ipv6 {
			t.Errorf("%s: IPv4 %v, IPv6 %v", tc.peer, ipv4, ipv6)
		}
		netns.Must(t, l.Close())
	}
}

// TestNameWithoutAnswer has a name that no server is asked about: there is no network. It is
// looked up again, which the log says once. A complaint is due where nobody else is listed.
func TestNameWithoutAnswer(t *testing.T) {
	for _, tc := range []struct {
		list    []string
		targets int
	}{{[]string{"nobody.invalid"}, 0}, {[]string{"nobody.invalid", "10.99.0.2"}, 1}} {
		var log pipelinetest.Buffer
		l := peerlist.New(peerlist.Config{
			Addresses: addresses(t, tc.list...), Refresh: time.Minute,
			Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		netns.Own(t)
		netns.Must(t, l.Open(t.Context()))
		pipelinetest.Eventually(t, func() bool { return strings.Contains(log.String(), `msg="name looked up again" peer=nobody.invalid`) })
		if n := strings.Count(log.String(), "name can't be looked up"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, &log)
		}
		if targets := l.Targets(); len(targets) != tc.targets {
			t.Errorf("targets %v", targets)
		}
		if err := l.Health(); (err != nil) != (tc.targets == 0) {
			t.Errorf("%v: complaint %v", tc.list, err)
		}
		netns.Must(t, l.Close())
	}
}

// TestSocketFails has sockets that can't be opened or set up. Nothing stays open.
func TestSocketFails(t *testing.T) {
	failing := func(family bool, change func(*peerlist.SocketOptions)) func(bool) peerlist.SocketOptions {
		return func(ipv6 bool) peerlist.SocketOptions {
			o := udp(false)(ipv6)
			if ipv6 == family {
				change(&o)
			}
			return o
		}
	}
	refuse := func(o *peerlist.SocketOptions) { o.Prepare = func(int) error { return unix.EIO } }
	for name, tc := range map[string]struct {
		protocol func(bool) peerlist.SocketOptions
		want     string
	}{
		"IPv4 is not set up": {failing(false, refuse), "set up UDP socket: input/output error"},
		"IPv6 is not set up": {failing(true, refuse), "set up UDP socket: input/output error"},
		"no such type":       {failing(false, func(o *peerlist.SocketOptions) { o.Type = 99 }), "open UDP socket: invalid argument"},
	} {
		l := peerlist.New(peerlist.Config{
			Addresses: addresses(t, "10.99.0.2", "fd99::2"), Refresh: time.Minute, Protocol: tc.protocol, Log: slog.New(slog.DiscardHandler),
		})
		before := netns.Descriptors(t)
		if err := l.Open(t.Context()); err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
		netns.Must(t, l.Close())
		if after := netns.Descriptors(t); after > before {
			t.Errorf("%s: %d descriptors, %d before", name, after, before)
		}
	}
}

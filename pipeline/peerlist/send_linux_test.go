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
		got := map[string]float64{}
		l.Measure(func(metric int, label string, value float64) {
			if label == c.Peer {
				got[peerlist.Metrics()[metric].Name] = value
			}
		})
		want := map[string]float64{"sent_messages_total": float64(sent), "failed_messages_total": float64(noRoute), "addresses": 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: metrics (-want +got):\n%s", c.Peer, diff)
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
		if p := l.Plan(); p.IPv4 != nil || p.IPv6 != nil || len(l.Targets()) != 0 {
			t.Errorf("%v: a list that is not open has targets %v", tc.list, l.Targets())
		}
		if diff := cmp.Diff([]string{"AF_NETLINK", "AF_INET", "AF_INET6"}, needs.Families); diff != "" {
			t.Errorf("%v: families (-want +got):\n%s", tc.list, diff)
		}
		if diff := cmp.Diff(tc.list, needs.Hosts); diff != "" || len(needs.Files) != tc.files || l.HasNames() != (tc.files > 0) {
			t.Errorf("%v: files %v, names %v, hosts (-want +got):\n%s", tc.list, needs.Files, l.HasNames(), diff)
		}
	}
}

// TestFamilies opens sockets of the families that there may be peers of. A list may be closed twice.
func TestFamilies(t *testing.T) {
	for _, tc := range []struct {
		peers      []string
		ipv4, ipv6 bool
	}{
		{[]string{"10.99.0.2"}, true, false},
		{[]string{"fd99::2"}, false, true},
		{[]string{"localhost"}, true, true},
		{[]string{"10.99.0.2", "fd99::2", "10.99.0.3"}, true, true},
	} {
		l := peerlist.New(peerlist.Config{Addresses: addresses(t, tc.peers...), Refresh: time.Minute, Protocol: udp(false), Log: slog.New(slog.DiscardHandler)})
		netns.Must(t, l.Open(t.Context()))
		if ipv4, ipv6 := l.Sockets.IPv4 != nil, l.Sockets.IPv6 != nil; ipv4 != tc.ipv4 || ipv6 != tc.ipv6 {
			t.Errorf("%s: IPv4 %v, IPv6 %v", tc.peers, ipv4, ipv6)
		}
		netns.Must(t, l.Close(), l.Close())
	}
}

// TestNotWatched wants an error where the host's addresses can't be watched.
func TestNotWatched(t *testing.T) {
	l := peerlist.New(peerlist.Config{Addresses: addresses(t, "10.99.0.2"), Refresh: time.Minute, Log: slog.New(slog.DiscardHandler)})
	err := netns.Refuse(unix.SYS_SOCKET, unix.NETLINK_ROUTE, unix.EMFILE, func() error { return l.Open(t.Context()) })
	if err == nil || !strings.HasPrefix(err.Error(), "watch network interfaces: ") {
		t.Errorf("error %v", err)
	}
	netns.Must(t, l.Close())
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

// TestSocketRefused has kernels that know no family, and a process that may open no sockets.
func TestSocketRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		kind  int
		errno unix.Errno
		want  string
	}{
		"no such family": {unix.SOCK_DGRAM, unix.EAFNOSUPPORT, ""},
		"raw":            {unix.SOCK_RAW, unix.EPERM, "open test socket: operation not permitted (the capability CAP_NET_RAW is missing)"},
		"datagrams":      {unix.SOCK_DGRAM, unix.EPERM, "open test socket: operation not permitted"},
		"raw, otherwise": {unix.SOCK_RAW, unix.EACCES, "open test socket: permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			const protocol = 99 // which no other socket has
			l := peerlist.New(peerlist.Config{
				Addresses: addresses(t, "10.99.0.2"), Refresh: time.Minute, Log: slog.New(slog.DiscardHandler),
				Protocol: func(bool) peerlist.SocketOptions {
					return peerlist.SocketOptions{Name: "test", Family: unix.AF_INET, Type: tc.kind, Protocol: protocol}
				},
			})
			got := ""
			if err := netns.Refuse(unix.SYS_SOCKET, protocol, tc.errno, func() error { return l.Open(t.Context()) }); err != nil {
				got = err.Error()
			}
			if got != tc.want || l.Sockets.IPv4 != nil {
				t.Errorf("error %q, want %q; socket %v", got, tc.want, l.Sockets.IPv4)
			}
			netns.Must(t, l.Close())
		})
	}
}

// TestBuffers wants a send buffer as large and a receive buffer as small as a socket's may be.
func TestBuffers(t *testing.T) {
	size := func(fd, option int) int {
		n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
		netns.Must(t, err)
		return n
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	netns.Must(t, err)
	defer func() { _ = unix.Close(fd) }()
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 64<<20) // for who may
	if size(fd, unix.SO_SNDBUF) < 64<<20 {
		netns.Must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 64<<20))
	}
	netns.Must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0))
	opened := -1
	l := peerlist.New(peerlist.Config{
		Addresses: addresses(t, "10.99.0.2"), Refresh: time.Minute, Log: slog.New(slog.DiscardHandler),
		Protocol: func(ipv6 bool) peerlist.SocketOptions {
			o := udp(false)(ipv6)
			o.Prepare = func(fd int) error { opened = fd; return nil }
			return o
		},
	})
	netns.Must(t, l.Open(t.Context()))
	for name, option := range map[string]int{"send": unix.SO_SNDBUF, "receive": unix.SO_RCVBUF} {
		if got, want := size(opened, option), size(fd, option); got != want {
			t.Errorf("%s buffer of %d bytes, want %d", name, got, want)
		}
	}
	netns.Must(t, l.Close())
}

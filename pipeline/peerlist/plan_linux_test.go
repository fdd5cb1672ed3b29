package peerlist

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestPlan has addresses of every kind, and which of them are sent to.
func TestPlan(t *testing.T) {
	named, listed := newPeer(Address{Name: "b.example"}), newPeer(Address{IP: netip.MustParseAddr("192.0.2.2")})
	in := inputs{own: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::1")}}
	add := func(p *peer, addr string, index int, own bool) {
		in.targets = append(in.targets, target{peer: p, addr: netip.MustParseAddr(addr), index: index, own: own})
	}
	add(listed, "192.0.2.2", 0, false)
	add(named, "192.0.2.2", 0, false)
	add(named, "192.0.2.1", 0, false)
	add(named, "127.0.0.9", 0, false)
	add(named, "224.0.0.1", 0, false)
	add(named, "192.0.2.3", 0, false)
	add(named, "2001:db8::2", 0, false)
	add(named, "2001:db8::1", 0, false)
	add(listed, "fe80::2%eth0", 7, false)
	add(listed, "fe80::2%lan", 7, false)
	add(listed, "fe80::2%eth1", 8, false)
	add(listed, "fe80::1%eth0", 7, true)
	add(listed, "fe80::3%eth9", 0, false)
	add(listed, "fe80::3%eth8", 0, false)
	plan, skipped := in.plan(Config{Port: 4821})
	want := []string{
		"192.0.2.2 of b.example is a duplicate", "192.0.2.1 of b.example is this host's own", "127.0.0.9 of b.example is this host's own",
		"224.0.0.1 of b.example is a multicast address", "2001:db8::1 of b.example is this host's own",
		"fe80::2%lan is a duplicate", "fe80::1%eth0 is this host's own", "fe80::3%eth9 is on an interface that does not exist",
		"fe80::3%eth8 is on an interface that does not exist",
	}
	if diff := cmp.Diff(want, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	if got := plan.addresses(); got[listed] != 3 || got[named] != 2 {
		t.Errorf("%d and %d addresses in use, want 3 and 2", got[listed], got[named])
	}
	if got := len(plan.IPv4.headers); got != 2 {
		t.Errorf("%d messages by IPv4, want 2", got)
	}
	for _, tc := range []struct {
		src, dst string
		want     bool
	}{
		{"192.0.2.2", "203.0.113.1", true},  // of a peer
		{"192.0.2.9", "2001:db8::1", true},  // of a peer that shares the address
		{"192.0.2.9", "192.0.2.9", true},    // of a peer that shares it, which is no peer's own
		{"192.0.2.9", "192.0.2.3", true},    // of this host, on its way out
		{"192.0.2.9", "203.0.113.1", false}, // of this host, to another one
		{"203.0.113.1", "192.0.2.2", false},
		{"203.0.113.1", "192.0.2.1", false},
	} {
		if got := plan.FromPeer(netip.MustParseAddr(tc.src), netip.MustParseAddr(tc.dst)); got != tc.want {
			t.Errorf("from %s to %s: a peer's %v, want %v", tc.src, tc.dst, got, tc.want)
		}
	}
	if !in.equal(inputs{in.targets, in.own}) || in.equal(inputs{in.targets[1:], in.own}) || in.equal(inputs{in.targets, in.own[1:]}) {
		t.Error("inputs are equal only where targets and own addresses are")
	}
}

// TestLogSkipped logs which addresses are skipped when that changes.
func TestLogSkipped(t *testing.T) {
	var log pipelinetest.Buffer
	l := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, skipped := range [][]string{nil, {"a"}, {"a"}, {"a", "b"}, {"a", "b"}, nil, nil} {
		l.logSkipped(skipped)
	}
	if n := strings.Count(log.String(), "peers skipped"); n != 3 {
		t.Errorf("logged %d times, want 3:\n%s", n, &log)
	}
}

// TestSocketWithoutPeers checks what a socket and a fan-out that are nil do, and that a
// socket may be closed twice.
func TestSocketWithoutPeers(t *testing.T) {
	var none *Fanout
	if none.Send(nil, []byte{1}, 1) != 0 || none.Pretend() != 0 {
		t.Error("a message is sent to nobody")
	}
	p := newPeer(Address{IP: netip.MustParseAddr("192.0.2.2")})
	f := newFanout([]target{{peer: p, addr: p.IP}}, Config{Port: 4821})
	if n := f.Send(nil, []byte{1}, 1); n != 0 || p.failed[noRoute].Load() != 1 || p.missed() != 1 || p.sent.Load() != 0 {
		t.Errorf("%d sent without a socket: %d missed, %d for want of a route", n, p.missed(), p.failed[noRoute].Load())
	}
	if f.bytes.Base != nil {
		t.Error("it keeps the bytes that it was lent")
	}
	s, err := openSocket(SocketOptions{Name: "UDP", Family: unix.AF_INET, Type: unix.SOCK_DGRAM, Prepare: func(int) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Socket{name: "UDP", fd: 1 << 30}).Close(); err == nil || err.Error() != "close UDP socket: bad file descriptor" {
		t.Errorf("a socket that is not open is closed: %v", err)
	}
	all := Sockets{IPv4: s}
	if all.Calls() != 0 {
		t.Errorf("%d system calls", all.Calls())
	}
	for range 2 {
		if err := all.Close(); err != nil || s.fd != -1 {
			t.Errorf("closed: %v, descriptor %d", err, s.fd)
		}
	}
}

package peerlist

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// namedList is a list of names, not open, which logs all.
func namedList(names ...string) (*List, *pipelinetest.Buffer) {
	log := new(pipelinetest.Buffer)
	c := Config{Refresh: time.Hour, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, name := range names {
		c.Addresses = append(c.Addresses, Address{Name: name})
	}
	return New(c), log
}

// TestLookUp looks a name up again and again, while the server's answers change.
func TestLookUp(t *testing.T) {
	const again, found, failed = `level=DEBUG msg="name looked up again"`, `level=INFO msg="name looked up"`, `level=WARN msg="name can't be looked up"`
	has := func(addrs ...string) answer { return answer{addrs: addrs} }
	server := newNameServer(t)
	l, log := namedList("b.example.")
	p := l.peers[0]
	for _, tc := range []struct {
		name    string
		a, aaaa answer
		want    string // addresses
		log     string
		broken  bool
		backoff time.Duration
	}{
		{"first", has("192.0.2.3", "192.0.2.2", "192.0.2.3"), has("2001:db8::2"), "[192.0.2.2 192.0.2.3] [2001:db8::2]", found, false, 0},
		{"in another order", has("192.0.2.3", "192.0.2.2"), has("2001:db8::2"), "[192.0.2.2 192.0.2.3] [2001:db8::2]", again, false, 0},
		{"no IPv4 answer", misbehaves, has("2001:db8::3"), "[192.0.2.2 192.0.2.3] [2001:db8::3]", failed, true, firstBackoff},
		{"no answer", misbehaves, misbehaves, "[192.0.2.2 192.0.2.3] [2001:db8::3]", again, true, 2 * firstBackoff},
		{"no such name", noSuchName, noSuchName, "[192.0.2.2 192.0.2.3] [2001:db8::3]", again, false, 4 * firstBackoff},
		{"back, without IPv6", has("192.0.2.4"), has(), "[192.0.2.4] []", found, false, 0},
		{"without IPv4", has(), has("2001:db8::3"), "[] [2001:db8::3]", found, false, 0},
		{"other IPv6", has(), has("2001:db8::4"), "[] [2001:db8::4]", found, false, 0},
		{"gone", noSuchName, noSuchName, "[] [2001:db8::4]", failed, false, firstBackoff},
		{"back as it was", has(), has("2001:db8::4"), "[] [2001:db8::4]", found, false, 0},
		{"no IPv6 answer", has("192.0.2.5"), misbehaves, "[192.0.2.5] [2001:db8::4]", failed, true, firstBackoff},
		{"no IPv6 answer, other IPv4", has("192.0.2.6"), misbehaves, "[192.0.2.6] [2001:db8::4]", found, true, 2 * firstBackoff},
	} {
		server.set(tc.a, tc.aaaa)
		logged, started := len(log.String()), time.Now()
		l.lookUp(t.Context(), p)
		if got := fmt.Sprint(p.addrs[0], p.addrs[1]); got != tc.want {
			t.Errorf("%s: addresses %s, want %s", tc.name, got, tc.want)
		}
		all := fmt.Sprint(slices.Concat(p.addrs[0], p.addrs[1]))
		if text := log.String()[logged:]; strings.Count(text, "\n") != 1 || !strings.Contains(text, tc.log+" peer=b.example. ") || !strings.Contains(text, all) {
			t.Errorf("%s: logged\n%s, want %s and %s", tc.name, text, tc.log, all)
		}
		if (p.broken != nil) != tc.broken || p.backoff != tc.backoff {
			t.Errorf("%s: trouble %v, backoff %v, want %v and %v", tc.name, p.broken, p.backoff, tc.broken, tc.backoff)
		}
		least := tc.backoff
		if least == 0 {
			least = time.Hour
		}
		if p.due.Before(started.Add(least)) {
			t.Errorf("%s: due after %v, want %v", tc.name, p.due.Sub(started), least)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	closing, logged := newPeer(Address{Name: "192.0.2.7"}), log.String() // no server is asked about it
	if l.lookUp(ctx, closing); !closing.due.IsZero() || log.String() != logged {
		t.Errorf("a look-up of a list that is being closed is noted:\n%s", log)
	}
}

// TestLookUpDue asks for the names that are due, and for no others. They are more than are
// asked for at once.
func TestLookUpDue(t *testing.T) {
	server := newNameServer(t)
	server.set(answer{addrs: []string{"192.0.2.2"}}, answer{})
	var names []string
	want := map[string]bool{}
	for i := range lookUpsAtOnce + 6 {
		names = append(names, fmt.Sprintf("host%d.example.", i))
		want[names[i]] = true
	}
	l, _ := namedList(names...)
	l.peers = append(l.peers, newPeer(Address{IP: netip.MustParseAddr("192.0.2.1")}))
	l.peers[3].due = time.Now().Add(time.Hour)
	delete(want, names[3])
	l.lookUpDue(t.Context())
	if diff := cmp.Diff(want, server.names()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	l.peers[5].due = time.Now()
	l.lookUpDue(t.Context())
	if diff := cmp.Diff(map[string]bool{names[5]: true}, server.names()); diff != "" {
		t.Errorf("asked again for (-want +got):\n%s", diff)
	}
}

// TestUpdate makes a new plan when an address or a name's addresses have changed.
func TestUpdate(t *testing.T) {
	own := netns.Own(t)
	server := newNameServer(t)
	l, log := namedList("b.example.")
	update := func() *Plan {
		l.peers[0].due = time.Time{}
		netns.Must(t, l.readOwn(), l.readOwn()) // twice is not waited for
		l.update(t.Context())
		return l.Plan()
	}
	server.set(noSuchName, noSuchName)
	if update(); l.Health() != nil {
		t.Errorf("complaint %v about a name that does not exist yet", l.Health())
	}
	server.set(answer{addrs: []string{"192.0.2.2"}}, answer{})
	first := update()
	if len(first.sentTo) != 1 || l.Health() != nil || !first.IsOwn(netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("sent to %v, own addresses %v, complaint %v", first.sentTo, first.own, l.Health())
	}
	if update() != first {
		t.Error("there is a new plan, and nothing has changed")
	}
	server.set(answer{addrs: []string{"192.0.2.3"}}, answer{})
	second := update()
	if !second.FromPeer(netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.9")) || second.FromPeer(netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.9")) {
		t.Errorf("sent to %v", second.sentTo)
	}
	netns.Must(t, own.Addr("lo", "192.0.2.3/32"))
	t.Cleanup(func() { netns.Must(t, own.DelAddr("lo", "192.0.2.3/32")) })
	if third := update(); len(third.sentTo) != 0 || !strings.Contains(log.String(), "192.0.2.3 of b.example. is this host's own") {
		t.Errorf("sent to %v:\n%s", third.sentTo, log)
	}
	server.set(misbehaves, misbehaves)
	update()
	if err := l.Health(); err == nil || !strings.HasPrefix(err.Error(), "no peer is known: ") {
		t.Errorf("complaint %v", err)
	}
	server.set(answer{addrs: []string{"192.0.2.4"}}, misbehaves)
	update()
	if err := l.Health(); err != nil {
		t.Errorf("complaint %v, and there is a peer", err)
	}
}

// TestRetry has a server that misbehaves when the list is opened, and once more. Close waits for
// the look-up that is under way.
func TestRetry(t *testing.T) {
	netns.Own(t)
	server := newNameServer(t)
	server.set(misbehaves, misbehaves)
	log := &heldLog{atLine: 3, held: make(chan struct{}), release: make(chan struct{})}
	l := New(Config{
		Addresses: []Address{{Name: "b.example."}}, Refresh: 2 * firstBackoff,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	netns.Must(t, l.Open(t.Context())) // line 1; line 2 follows soon
	if l.Health() == nil {
		t.Error("no complaint, and nobody can be sent to")
	}
	<-log.held
	time.AfterFunc(30*time.Millisecond, func() { close(log.release) })
	netns.Must(t, l.Close())
	if !log.ended.Load() {
		t.Error("it is closed while a name is looked up")
	}
}

// heldLog holds up who writes a line, counted from 1.
type heldLog struct {
	atLine, lines int
	held, release chan struct{}
	ended         atomic.Bool
}

func (l *heldLog) Write(b []byte) (int, error) {
	if l.lines++; l.lines == l.atLine {
		close(l.held)
		<-l.release
		l.ended.Store(true)
	}
	return len(b), nil
}

// TestOwnAddressesUnknown wants an error where the process may open no more sockets.
func TestOwnAddressesUnknown(t *testing.T) {
	l, _ := namedList()
	if err := netns.Refuse(unix.SYS_SOCKET, unix.NETLINK_ROUTE, unix.EMFILE, l.readOwn); !errors.Is(err, unix.EMFILE) || len(l.changed) != 0 {
		t.Errorf("error %v, changed %d times", err, len(l.changed))
	}
}

package peerlist

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestSchedule looks a name up again and again: after failures soon, then less and less
// often, and never later than after a refresh.
func TestSchedule(t *testing.T) {
	broken := errors.New("server misbehaving")
	const ms = time.Millisecond
	type step struct {
		err    error
		due    time.Duration // after the look-up
		turned bool
	}
	for _, tc := range []struct {
		name    string
		refresh time.Duration
		steps   []step
	}{
		{"all is well", time.Minute, []step{{nil, time.Minute, false}, {nil, time.Minute, false}}},
		{"fails, and comes back", time.Minute, []step{
			{nil, time.Minute, false},
			{broken, 250 * ms, true},
			{broken, 500 * ms, false},
			{broken, time.Second, false},
			{broken, 2 * time.Second, false},
			{nil, time.Minute, true},
			{nil, time.Minute, false},
			{broken, 250 * ms, true},
		}},
		{"up to the refresh", 3 * time.Second, []step{
			{broken, 250 * ms, true},
			{broken, 500 * ms, false},
			{broken, time.Second, false},
			{broken, 2 * time.Second, false},
			{broken, 3 * time.Second, false},
			{broken, 3 * time.Second, false},
		}},
		{"a refresh as short as the first step", 250 * ms, []step{{broken, 250 * ms, true}, {broken, 250 * ms, false}, {nil, 250 * ms, true}}},
		{"a shorter refresh", 100 * ms, []step{{broken, 100 * ms, true}, {broken, 100 * ms, false}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPeer(Address{Name: "b.example"})
			now := time.Unix(1_000_000_000, 0)
			for i, s := range tc.steps {
				if turned := p.schedule(now, s.err, tc.refresh); turned != s.turned {
					t.Errorf("step %d: turned: %v", i, turned)
				}
				if due := p.due.Sub(now); due != s.due {
					t.Errorf("step %d: due after %v, want %v", i, due, s.due)
				}
				now = p.due
			}
		})
	}
}

// TestUntilNext asks when a name is due. A list of addresses has nothing to do for a day.
func TestUntilNext(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	named := func(due time.Duration) *peer { return &peer{Address: Address{Name: "b.example"}, due: now.Add(due)} }
	address := newPeer(Address{IP: netip.MustParseAddr("192.0.2.1")}) // due long ago, if it were a name
	for _, tc := range []struct {
		name  string
		peers []*peer
		want  time.Duration
	}{
		{"addresses only", []*peer{address}, 24 * time.Hour},
		{"a name that is due later", []*peer{named(48 * time.Hour)}, 24 * time.Hour},
		{"a name that is due before", []*peer{address, named(20 * time.Second), named(25 * time.Second)}, 20 * time.Second},
		{"a name that is due soon", []*peer{named(time.Minute), named(250 * time.Millisecond)}, 250 * time.Millisecond},
		{"a name that is due at once", []*peer{named(time.Millisecond)}, 250 * time.Millisecond},
		{"a name that was due", []*peer{named(-time.Hour)}, 250 * time.Millisecond},
	} {
		l := List{peers: tc.peers}
		if got := l.untilNext(now); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// TestBroken has errors of look-ups: that there is no such name is none that a sink
// complains of.
func TestBroken(t *testing.T) {
	p := newPeer(Address{Name: "b.example"})
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"no error", nil, ""},
		{"of the server", &net.DNSError{Err: "server misbehaving", Name: "b.example"}, "no peer is known: lookup b.example: server misbehaving"},
		{"no such name", &net.DNSError{Err: "no such host", Name: "b.example", IsNotFound: true}, ""},
		{"another one", errors.New("no route"), "no peer is known: no route"},
		{"all is well again", nil, ""},
	} {
		got := ""
		if p.setBroken(tc.err); p.broken != nil {
			got = p.broken.Error()
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestFamilyOfName looks up what has addresses of one family only, as names in /etc/hosts may.
func TestFamilyOfName(t *testing.T) {
	for _, name := range []string{"192.0.2.1", "2001:db8::1"} {
		want := netip.MustParseAddr(name)
		for network, is := range map[string]bool{"ip4": want.Is4(), "ip6": want.Is6()} {
			addrs, err := lookUpFamily(t.Context(), network, name)
			if is && (err != nil || len(addrs) != 1 || addrs[0] != want) || !is && (len(addrs) > 0 || !isNotFound(err)) {
				t.Errorf("%s of %s: %v, %v", network, name, addrs, err)
			}
		}
	}
}

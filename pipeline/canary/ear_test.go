package canary_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/canary"
)

// at returns a time of the tests in seconds.
func at(seconds float64) int64 { return time.Unix(1e9, 0).UnixNano() + int64(seconds*1e9) }

func when(seconds float64) time.Time { return time.Unix(0, at(seconds)) }

// TestReport tells from whom canaries came, by which way and when.
func TestReport(t *testing.T) {
	e := canary.NewEar()
	e.SetOwn("web1", 1)
	hear := func(m canary.Message, by string, seconds float64) { e.Hear(payload(t, m.IPv4()), by, at(seconds)) }
	web2, web3, own, double := message("web2"), message("web3"), message("web1"), message("web1")
	own.Instance, double.Instance = 1, 2
	web3.Instance = own.Instance // by chance

	hear(web3, "peers", 0) // makes it a newcomer
	hear(web3, "relay", 1)
	hear(web3, "relay", 1.5)
	hear(web2, "broadcast", 2)
	hear(web2, "peers", 3)
	hear(web2, "broadcast", 4)
	hear(web2, "broadcast", 5)
	hear(web2, "broadcast", 4.5) // which was under way for longer
	hear(own, "broadcast", 6)
	hear(message("web4"), "broadcast", 7) // once only
	want := canary.Report{Peers: []canary.Peer{
		{Name: "web2", Interval: time.Minute, Addresses: web2.Addresses, Ways: []canary.Way{
			{Name: "broadcast", Last: when(5), Count: 3}, {Name: "peers", Last: when(3), Count: 1},
		}},
		{Name: "web3", Interval: time.Minute, Addresses: web3.Addresses, Ways: []canary.Way{{Name: "relay", Last: when(1.5), Count: 2}}},
	}}
	check := func() {
		t.Helper()
		compareAddr := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
		if diff := cmp.Diff(want, e.Report(when(8)), compareAddr); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
	}
	check()
	if last := want.Peers[0].Last(); !last.Equal(when(5)) {
		t.Errorf("last heard %v", last)
	}

	web2.Instance, web2.Interval, web2.Addresses = 9, 2*time.Minute, web2.Addresses[:1]
	hear(web2, "peers", 8) // restarted: by which other ways it sends is not known
	hear(double, "relay", 9)
	want.Taken = when(9)
	want.Peers[0] = canary.Peer{Name: "web2", Interval: 2 * time.Minute, Addresses: web2.Addresses, Ways: []canary.Way{{Name: "peers", Last: when(8), Count: 1}}}
	check()
}

// TestFail counts times that failed, and keeps the last reason.
func TestFail(t *testing.T) {
	c := canary.Count{Sent: 7}
	c.Fail("queue-full")
	c.Fail("no-route")
	if want := (canary.Count{Sent: 7, Failed: 2, Reason: "no-route"}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
}

// TestHeard checks both sides of two intervals.
func TestHeard(t *testing.T) {
	p := canary.Peer{Interval: time.Second}
	for seconds, want := range map[float64]bool{0: true, 2: true, 2.001: false, -1: true} {
		if got := p.Heard(when(0), when(seconds)); got != want {
			t.Errorf("after %vs: %v", seconds, got)
		}
	}
}

// TestWays bounds them.
func TestWays(t *testing.T) {
	e := canary.NewEar()
	for i := range 20 {
		e.Hear(payload(t, message("web2").IPv4()), fmt.Sprint("way", i), at(float64(i)))
	}
	if p := e.Report(when(20)).Peers[0]; len(p.Ways) != 8 {
		t.Errorf("%d ways", len(p.Ways))
	}
}

// TestFlood has a forger make a million names up, once each, and then again and again: who was known stays
// known, memory and time are bounded, and what found no room is counted.
func TestFlood(t *testing.T) {
	e := canary.NewEar()
	genuine := payload(t, message("genuine").IPv4())
	e.Hear(genuine, "broadcast", at(0))
	e.Hear(genuine, "broadcast", at(1))

	name := names(t)
	for i := range 1_000_000 {
		e.Hear(name(i), "broadcast", at(2))
	}
	if r := e.Report(when(2)); len(r.Peers) != 1 || r.Overflow != 0 {
		t.Fatalf("%d peers, overflow %d after names that came once", len(r.Peers), r.Overflow)
	}
	for i := range 10_000 {
		for range 3 {
			e.Hear(name(i), "broadcast", at(3))
		}
	}
	const refused = 10_000 - (canary.MaxPeers - 1)
	r := e.Report(when(3))
	if len(r.Peers) != canary.MaxPeers || r.Overflow != 2*refused {
		t.Errorf("%d peers, overflow %d, want %d and %d", len(r.Peers), r.Overflow, canary.MaxPeers, 2*refused)
	}
	if known(r, "genuine") == nil {
		t.Error("a flood of names has pushed out a server")
	}
	last := name(9999)
	if allocs := testing.AllocsPerRun(100, func() { e.Hear(last, "broadcast", at(4)) }); allocs != 0 {
		t.Errorf("%v allocations for a name without room", allocs)
	}
	if allocs := testing.AllocsPerRun(100, func() { e.Hear(genuine, "broadcast", at(4)) }); allocs != 0 {
		t.Errorf("%v allocations for a server that is known", allocs)
	}

	longer := append(bytes.Clone(genuine), 1, 2, 3) // behind the message
	if allocs := testing.AllocsPerRun(100, func() {
		e.Hear(genuine, "broadcast", at(4))
		e.Hear(longer, "broadcast", at(4))
	}); allocs != 0 {
		t.Errorf("%v allocations for a message with more behind", allocs)
	}

	// A week later the forged ones have gone, and a newcomer finds room, at once.
	const week = 7 * 24 * 3600
	newcomer := payload(t, message("newcomer").IPv4())
	e.Hear(genuine, "broadcast", at(week))
	e.Hear(newcomer, "broadcast", at(week+3.5))
	e.Hear(newcomer, "broadcast", at(week+3.5))
	if r := e.Report(when(week + 3.5)); len(r.Peers) != 2 || known(r, "newcomer") == nil || known(r, "genuine") == nil {
		t.Errorf("%d peers after a week", len(r.Peers))
	}
}

// TestForget forgets who was silent for a week, and not before.
func TestForget(t *testing.T) {
	e := canary.NewEar()
	for range 2 {
		e.Hear(payload(t, message("web2").IPv4()), "relay", at(0))
	}
	const week = 7 * 24 * 3600
	if r := e.Report(when(week)); len(r.Peers) != 1 {
		t.Error("forgotten too early")
	}
	if r := e.Report(when(week).Add(1)); len(r.Peers) != 0 {
		t.Error("not forgotten")
	}
}

// names returns a function that makes payloads of different names, in the same bytes.
func names(t *testing.T) func(i int) []byte {
	numbered := payload(t, message("number00000000").IPv4())
	return func(i int) []byte {
		copy(numbered[36+len("number"):], fmt.Sprintf("%08d", i))
		return numbered
	}
}

// TestFullTable has newcomers knock at a table that is full. It is looked through for who was
// silent for a week, once a minute, also when the clock was set back.
func TestFullTable(t *testing.T) {
	const week = 7 * 24 * time.Hour
	const year = 52 * week
	e, name := canary.NewEar(), names(t)
	n := 0
	hear := func(after time.Duration) {
		for range 2 {
			e.Hear(name(n), "broadcast", at(0)+int64(after))
		}
		n++
	}
	refused := func() uint64 { return e.Report(when(0)).Overflow }
	knock := func(after time.Duration) (admitted bool) {
		before := refused()
		hear(after)
		return refused() == before
	}
	fill := func(room int) {
		t.Helper()
		before := refused()
		for range room {
			hear(0)
		}
		if got := refused() - before; got != 0 {
			t.Fatalf("no room for %d of %d", got, room)
		}
	}
	fill(canary.MaxPeers)
	for _, step := range []struct {
		after    time.Duration
		admitted bool
	}{
		{week, false}, // nobody was silent for longer
		{week + 1, false},
		{week + time.Minute - 1, false},
		{week + time.Minute, true},
		{week + time.Minute, true},
	} {
		if got := knock(step.after); got != step.admitted {
			t.Errorf("after %v: admitted %v, want %v", step.after, got, step.admitted)
		}
	}
	fill(canary.MaxPeers - 2)
	if !knock(year) {
		t.Error("after a year there is no room")
	}
	fill(canary.MaxPeers - 1)
	if !knock(week + time.Second) {
		t.Error("there is no room since the clock was set back")
	}
}

func known(r canary.Report, name string) *canary.Peer {
	for i := range r.Peers {
		if r.Peers[i].Name == name {
			return &r.Peers[i]
		}
	}
	return nil
}

package fair_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit/fair"
)

// drained returns a limiter without credit, in a shortage.
func drained(t *testing.T, rate float64, burst int) *fair.Limiter {
	t.Helper()
	l, err := fair.New(rate, float64(burst), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for range burst {
		if !l.Allows(1, 0) {
			t.Fatal("refused with credit")
		}
		l.Charge(0)
	}
	if l.Allows(1, 0) {
		t.Fatal("passed without credit")
	}
	return l
}

// TestRepetitions has a newcomer ask again every 150 ms: each repetition counts when its
// time has come and not before, up to the last one that does. In the end it passes as
// soon as there is credit for its packet.
func TestRepetitions(t *testing.T) {
	const every, most = 150 * millisecond, 64
	const ready = 100 * second // the credit of one packet
	l := drained(t, 0.01, 20)
	ask := func(at pipeline.Instant, want bool) {
		t.Helper()
		if got := l.Allows(2, at); got != want {
			t.Fatalf("at %d: %v, want %v", at, got, want)
		}
	}
	ask(0, false)
	for n := range pipeline.Instant(most + 6) {
		for at, again := range map[pipeline.Instant]pipeline.Instant{(n+1)*every - 1: n, (n + 1) * every: n + 1} {
			want := fmt.Sprintf("in this shortage a newcomer at repetition %d needs", min(again, most))
			if got := l.Describe(2, at); !strings.Contains(got, want) {
				t.Errorf("at %d: %q, want %q", at, got, want)
			}
		}
		ask((n+1)*every-1, false)
		ask((n+1)*every, false)
	}
	ask(ready-1, false)
	ask(ready, true)
}

// TestNewcomersPrice has the price of newcomers, who are credited with a second, or with
// the time of four packets where that is longer.
func TestNewcomersPrice(t *testing.T) {
	for _, tc := range []struct {
		rate  float64
		burst int
		want  string
	}{
		{1, 20, "credit for 0.00 of 20.00 packets; in this shortage a newcomer needs 14.50"}, // 6 doublings of 2.25 up to 256 s
		{4, 20, "credit for 0.00 of 20.00 packets; in this shortage a newcomer needs 14.50"},
		{8, 20, "credit for 0.00 of 20.00 packets; in this shortage a newcomer needs 13.00"}, // 6 doublings of 2 up to 64 s
		{1, 100, "credit for 0.00 of 100.00 packets; in this shortage a newcomer needs 25.00"},
	} {
		if got := drained(t, tc.rate, tc.burst).Describe(2, 0); got != tc.want {
			t.Errorf("rate %v: %q, want %q", tc.rate, got, tc.want)
		}
	}
}

// TestPriceOfRepetitions has a discount of three packets for each of seven repetitions, whose
// time is next to nothing at so low a rate.
func TestPriceOfRepetitions(t *testing.T) {
	const every = 150 * millisecond
	l := drained(t, 0.001, 100)
	for n := range pipeline.Instant(7) {
		if l.Allows(2, n*every) {
			t.Fatal("passed without credit")
		}
	}
	// 6 doublings of 4 packets up to 256,000 s, and the packet itself.
	const want = "credit for 0.00 of 100.00 packets; in this shortage a newcomer at repetition 7 needs 4.00"
	if got := l.Describe(2, 7*every); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestShareOfNewcomers has one newcomer after the other ask at a moment with credit for
// almost all of the burst. At first they pass on the open share, which has half of the
// credit that there is in a shortage; then on what nobody else asked for, at the highest
// price, as long as there is credit for that.
func TestShareOfNewcomers(t *testing.T) {
	const at = 100*second - 1 // credit for just less than 100 packets
	l := drained(t, 1, 100)
	got := map[fair.Share]int{}
	for key := uint64(2); l.Allows(key, at); key++ {
		got[l.Charge(at)]++
	}
	// The open share has (32+2)/2, and the rest takes 1+32 of what is left.
	if diff := cmp.Diff(map[fair.Share]int{fair.Open: 17, fair.Rest: 50}, got); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
}

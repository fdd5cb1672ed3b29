package pcap

import (
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

func TestRest(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, tc := range []struct{ of, since, want time.Duration }{
		{100 * time.Millisecond, 30 * time.Millisecond, 70 * time.Millisecond},
		{100 * time.Millisecond, 100 * time.Millisecond, 0},
		{100 * time.Millisecond, time.Hour, 0},                       // the host's clock was set ahead
		{100 * time.Millisecond, -time.Hour, 100 * time.Millisecond}, // and back
		{time.Hour, 0, time.Second},
		{0, 0, 0},
	} {
		if got := rest(tc.of, pipeline.InstantOf(now.Add(-tc.since)), now); got != tc.want {
			t.Errorf("%v is left of %v after %v, want %v", got, tc.of, tc.since, tc.want)
		}
	}
}

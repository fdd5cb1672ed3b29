package pipeline_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

const second = pipeline.Instant(time.Second)

func TestClock(t *testing.T) {
	for _, tc := range []struct {
		name         string
		stamps, want []pipeline.Instant // in seconds
	}{
		{"follows time stamps", []pipeline.Instant{5, 5, 6, 100}, []pipeline.Instant{5, 5, 6, 100}},
		{"begins before 1970", []pipeline.Instant{-100, -50, -10}, []pipeline.Instant{-100, -50, -10}},
		{"waits out a small step", []pipeline.Instant{100, 98, 99, 100, 101}, []pipeline.Instant{100, 100, 100, 100, 101}},
		{"waits out ten seconds", []pipeline.Instant{100, 90, 95, 101}, []pipeline.Instant{100, 100, 100, 101}},
		{"goes on after more than ten", []pipeline.Instant{100, 89, 90, 92}, []pipeline.Instant{100, 100, 101, 103}},
		{"goes on after a far step", []pipeline.Instant{1e9, 5, 6, 8}, []pipeline.Instant{1e9, 1e9, 1e9 + 1, 1e9 + 3}},
		{"small steps that add up to more than ten", []pipeline.Instant{100, 95, 89, 90}, []pipeline.Instant{100, 100, 100, 101}},
		{"two large steps", []pipeline.Instant{100, 50, 51, 10, 12}, []pipeline.Instant{100, 100, 101, 101, 103}},
		{"small step after a large one", []pipeline.Instant{100, 50, 51, 49, 52}, []pipeline.Instant{100, 100, 101, 101, 102}},
		{"packets without a time stamp", []pipeline.Instant{100, 0, 101, 0, 0, 103}, []pipeline.Instant{100, 100, 101, 101, 101, 103}},
		{"none of the first has a time stamp", []pipeline.Instant{0, 0, 100, 101}, []pipeline.Instant{0, 0, 100, 101}},
		{"steps back and forth again", []pipeline.Instant{100, 50, 100, 101}, []pipeline.Instant{100, 100, 150, 151}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var c pipeline.Clock
			var got []pipeline.Instant
			for _, s := range tc.stamps {
				got = append(got, c.Advance(s*second)/second)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("times (-want +got):\n%s", diff)
			}
		})
	}
}

// TestClockProperties checks, on random time stamps with steps of every size, that
// the clock never runs backwards, never gains on the forward steps of the time
// stamps, and never stands still while time stamps move on by more than MaxHold.
func TestClockProperties(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := newRand(seed)
			var c pipeline.Clock
			stamp := pipeline.Instant(random.Int64N(2e18)) - 1e18
			now := c.Advance(stamp)
			rising, since := stamp, now // begin of the present run of rising time stamps
			for range 2000 {
				step := pipeline.Instant(1) << random.IntN(40)
				if random.IntN(4) == 0 {
					step = -step
				}
				stamp += step
				before := now
				now = c.Advance(stamp)
				if now < before {
					t.Fatalf("the clock went back from %d to %d", before, now)
				}
				if now-before > max(step, 0) {
					t.Fatalf("the clock went on by %d, the time stamps by %d", now-before, step)
				}
				if step < 0 {
					rising, since = stamp, now
				}
				if stamp-rising > now-since+pipeline.Instant(pipeline.MaxHold) {
					t.Fatalf("time stamps went on by %d, the clock by %d", stamp-rising, now-since)
				}
			}
		})
	}
}

func TestClockBearsAnyTimeStamp(t *testing.T) {
	edges := []pipeline.Instant{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	random := newRand(1)
	for range 1000 {
		var c pipeline.Clock
		now := c.Advance(edges[random.IntN(len(edges))])
		for range 20 {
			before := now
			if now = c.Advance(edges[random.IntN(len(edges))]); now < before {
				t.Fatalf("the clock went back from %d to %d", before, now)
			}
		}
	}
}

func TestInstantIsTime(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.UTC)
	if got := pipeline.InstantOf(want).Time(); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("%v became %v", want, got)
	}
}

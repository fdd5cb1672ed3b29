package report

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// TestTimeline wants every packet in the bin of its time, and few bins, whatever the times
// and their order are.
func TestTimeline(t *testing.T) {
	second := pipeline.Instant(time.Second)
	begin := 1_767_323_045 * second
	for name, tc := range map[string]struct {
		times []pipeline.Instant
		width time.Duration
		bins  int
	}{
		"one packet":            {[]pipeline.Instant{begin}, time.Microsecond, 1},
		"a second":              {steps(begin, second/10, 10), 10 * time.Millisecond, 91},
		"backwards":             {steps(begin, -second/10, 10), 10 * time.Millisecond, 91},
		"as many as fit":        {steps(begin, 1000, maxBins), time.Microsecond, maxBins},
		"one too many":          {steps(begin, 1000, maxBins+1), 5 * time.Microsecond, 25},
		"a day":                 {steps(begin, 60*second, 1440), 30 * time.Minute, 49},
		"before 1970":           {steps(-begin, 7*second, 100), 10 * time.Second, 70},
		"across 1970":           {steps(-10*second+1, second, 20), 500 * time.Millisecond, 39},
		"all that can be":       {[]pipeline.Instant{math.MinInt64, begin, math.MaxInt64}, 1792 * day, 120},
		"all, the last first":   {[]pipeline.Instant{math.MaxInt64, begin, math.MinInt64}, 1792 * day, 120},
		"an outlier, then more": {append([]pipeline.Instant{1}, steps(begin, second, 1000)...), 224 * day, 92},
	} {
		t.Run(name, func(t *testing.T) {
			line := newTimeline()
			want := map[time.Time]uint64{}
			for _, at := range tc.times {
				line.add(at, pipeline.Verdict{})
			}
			for _, at := range tc.times {
				want[line.begin(line.binOf(at))]++
				if b := line.begin(line.binOf(at)); at.Time().Before(b) || at.Time().Sub(b) >= line.width {
					t.Errorf("%v is in the bin of %v", at.Time(), b)
				}
			}
			got := map[time.Time]uint64{}
			for i, b := range line.bins {
				if n := b.at(0); n > 0 {
					got[line.begin(i)] = n
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if line.width != tc.width || len(line.bins) != tc.bins {
				t.Errorf("%d bins of %v, want %d of %v", len(line.bins), line.width, tc.bins, tc.width)
			}
		})
	}
}

func steps(from, step pipeline.Instant, n int) (times []pipeline.Instant) {
	for i := range n {
		times = append(times, from+pipeline.Instant(i)*step)
	}
	return times
}

// TestWidths wants each width to be made of whole ones of the width before.
func TestWidths(t *testing.T) {
	for i, w := range widths[1:] {
		if w%widths[i] != 0 || w <= widths[i] {
			t.Errorf("%v follows %v", w, widths[i])
		}
	}
}

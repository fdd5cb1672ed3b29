package report

import (
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// maxBins is the largest number of bins of a timeline.
const maxBins = 120

// widths of bins, each a multiple of the one before. Behind the last they double.
var widths = []time.Duration{
	time.Microsecond, 5 * time.Microsecond, 10 * time.Microsecond, 50 * time.Microsecond,
	100 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
	5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour,
	12 * time.Hour, day, 7 * day,
}

const day = 24 * time.Hour

// wider returns the next larger width.
func wider(width time.Duration) time.Duration {
	if i := slices.Index(widths, width); i >= 0 && i+1 < len(widths) {
		return widths[i+1]
	}
	return 2 * width
}

// timeline counts packets by verdict in bins of time. Bins become wider when the packets
// need more than maxBins of them, so that packets may come in any order.
type timeline struct {
	series map[pipeline.Verdict]int // index into verdicts, totals and bins
	totals []uint64
	order  []pipeline.Verdict

	width    time.Duration
	first    int64 // the number of the first bin; 0 begins at Instant 0
	bins     []bin
	timeless bin // packets without a timestamp

	from, to pipeline.Instant // of packets with a timestamp
}

// bin counts packets by series. Series that it lacks are 0.
type bin []uint64

func (b *bin) add(series int, n uint64) {
	for len(*b) <= series {
		*b = append(*b, 0)
	}
	(*b)[series] += n
}

func (b *bin) addAll(from bin) {
	for i, n := range from {
		b.add(i, n)
	}
}

// at returns the count of a series.
func (b bin) at(series int) uint64 {
	if series >= len(b) {
		return 0
	}
	return b[series]
}

func newTimeline() timeline {
	return timeline{series: map[pipeline.Verdict]int{}, width: widths[0]}
}

func (t *timeline) add(at pipeline.Instant, v pipeline.Verdict) {
	series := t.seriesOf(v)
	t.totals[series]++
	if at == 0 {
		t.timeless.add(series, 1)
		return
	}
	t.bins[t.binOf(at)].add(series, 1)
}

func (t *timeline) seriesOf(v pipeline.Verdict) int {
	i, ok := t.series[v]
	if !ok {
		i = len(t.order)
		t.series[v] = i
		t.order, t.totals = append(t.order, v), append(t.totals, 0)
	}
	return i
}

// binOf returns the index of the bin that holds a time, which it may have to make.
func (t *timeline) binOf(at pipeline.Instant) int {
	if len(t.bins) == 0 {
		t.first, t.bins = t.number(at), make([]bin, 1)
		t.from, t.to = at, at
	}
	t.from, t.to = min(t.from, at), max(t.to, at)
	for max(t.number(at), t.last())-min(t.number(at), t.first) >= maxBins {
		t.widen()
	}
	n := t.number(at)
	for n < t.first {
		t.bins = slices.Insert(t.bins, 0, nil)
		t.first--
	}
	for n > t.last() {
		t.bins = append(t.bins, nil)
	}
	return int(n - t.first)
}

func (t *timeline) last() int64 { return t.first + int64(len(t.bins)) - 1 }

// number returns the number of the bin that holds a time.
func (t *timeline) number(at pipeline.Instant) int64 { return floorDiv(int64(at), int64(t.width)) }

// floorDiv divides and rounds down, not towards 0.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// widen adds up the bins that become one at the next width.
func (t *timeline) widen() {
	next := wider(t.width)
	factor := int64(next / t.width)
	first := floorDiv(t.first, factor)
	bins := make([]bin, floorDiv(t.last(), factor)-first+1)
	for i, b := range t.bins {
		bins[floorDiv(t.first+int64(i), factor)-first].addAll(b)
	}
	t.width, t.first, t.bins = next, first, bins
}

// begin returns when bin i begins, which may be before the first Instant.
func (t *timeline) begin(i int) time.Time {
	n := t.first + int64(i)
	return time.Unix(n*int64(t.width/time.Second), n*int64(t.width%time.Second)).UTC()
}

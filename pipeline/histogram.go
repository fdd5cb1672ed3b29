package pipeline

import (
	"slices"
	"time"
)

// Histogram is a snapshot of how many values fell between bounds.
type Histogram struct {
	Bounds []int64  // ascending; each the largest value that its count is about
	Counts []uint64 // by bound, then of values above the last one
	Sum    uint64   // of all values
}

// delayBounds are those of sinks' delays in nanoseconds. A source that is woken for
// each packet has it sent within a tenth of a millisecond, one that waits for more
// within a few; from a second on something is stuck.
func delayBounds() []int64 {
	const µs, ms, s = int64(time.Microsecond), int64(time.Millisecond), int64(time.Second)
	return []int64{
		50 * µs, 100 * µs, 250 * µs, 500 * µs,
		1 * ms, 2500 * µs, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		1 * s, 2500 * ms, 5 * s, 10 * s,
	}
}

// mtuBounds are those of next-hop MTUs, where links and tunnels have theirs: the
// smallest of IPv4 and what every host reassembles, the smallest of IPv6, WireGuard
// over IPv6 and IPv4, VXLAN, IPv6 in UDP, GRE, IPv6 in IPv4, PPPoE, Ethernet, jumbo
// frames, and the largest of IPv4.
func mtuBounds() []int64 {
	return []int64{68, 576, 1280, 1400, 1420, 1440, 1450, 1472, 1476, 1480, 1492, 1500, 9000, 65535}
}

// histogram counts values. There are few bounds, and most values are small.
type histogram struct {
	bounds []int64
	counts []uint64
	sum    uint64
}

func newHistogram(bounds []int64) histogram {
	return histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

// add counts a value; one below zero counts as zero.
func (h *histogram) add(v int64) {
	i := 0
	for i < len(h.bounds) && v > h.bounds[i] {
		i++
	}
	h.counts[i]++
	h.sum += uint64(max(v, 0))
}

func (h *histogram) snapshot() Histogram {
	return Histogram{slices.Clone(h.bounds), slices.Clone(h.counts), h.sum}
}

package fair_test

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit/fair"
)

const (
	second      = pipeline.Instant(1e9)
	millisecond = second / 1000
)

// keys is the default of the filter.
const keys = 131072

// hash stands for the keyed hash of a caller.
func hash(key uint64) uint64 {
	for range 3 {
		key = (key ^ key>>32) * 0xd6e8feb86659fd93
	}
	return key ^ key>>32
}

// ask is one packet.
type ask struct {
	key    uint64
	at     pipeline.Instant
	passed bool
	share  fair.Share // if it passed
}

// asker asks again and again: next returns its next packet after one was decided.
type asker struct {
	ask
	next func(ask) ask
}

// askers are ordered by their next packet.
type askers []*asker

func (as askers) Len() int           { return len(as) }
func (as askers) Less(i, j int) bool { return as[i].at < as[j].at }
func (as askers) Swap(i, j int)      { as[i], as[j] = as[j], as[i] }
func (as *askers) Push(a any)        { *as = append(*as, a.(*asker)) }
func (as *askers) Pop() any          { panic("askers never end") }

// run simulates the askers until a time and calls seen with every packet.
func run(l *fair.Limiter, as askers, until pipeline.Instant, seen func(ask)) {
	for heap.Init(&as); as[0].at < until; heap.Fix(&as, 0) {
		a := as[0]
		if a.passed = l.Allows(hash(a.key), a.at); a.passed {
			a.share = l.Charge(a.at)
		}
		seen(a.ask)
		a.ask = a.next(a.ask)
	}
}

func limiter(t testing.TB, rate, burst float64) *fair.Limiter {
	t.Helper()
	l, err := fair.New(rate, burst, keys)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// after returns a random time after a, for packets that come at the rate.
func after(random *rand.Rand, at pipeline.Instant, rate float64) pipeline.Instant {
	return at + 1 + pipeline.Instant(random.ExpFloat64()/rate*1e9)
}

// poisson asks at random times.
func poisson(random *rand.Rand, key uint64, rate float64) *asker {
	return &asker{
		ask{key: key, at: after(random, 0, rate)},
		func(a ask) ask { return ask{key: a.key, at: after(random, a.at, rate)} },
	}
}

// client asks as a TCP connection's retransmissions make a router ask: after 200 ms,
// after another 400 ms and so on.
func client(key uint64, begin pipeline.Instant) *asker {
	gap := 100 * millisecond
	return &asker{ask{key: key, at: begin}, func(a ask) ask {
		gap *= 2
		return ask{key: a.key, at: a.at + gap}
	}}
}

// forged is where forged keys begin.
const forged = 1 << 40

// flood asks with a key that choose returns for the number of each packet.
func flood(random *rand.Rand, rate float64, choose func(n uint64) uint64) *asker {
	n := uint64(0)
	return &asker{ask{key: forged, at: 0}, func(a ask) ask {
		n++
		return ask{key: forged + choose(n), at: after(random, a.at, rate)}
	}}
}

// passes counts the passes of each of the keys below n from a time on.
type passes struct {
	from  pipeline.Instant
	count []int
	total int
}

func countFrom(from pipeline.Instant, n int) *passes {
	return &passes{from: from, count: make([]int, n)}
}

func (p *passes) seen(a ask) {
	if !a.passed || a.at < p.from {
		return
	}
	p.total++
	if a.key < uint64(len(p.count)) {
		p.count[a.key]++
	}
}

// quantile returns the element at a fraction of the sorted list.
func quantile[T cmp.Ordered](list []T, fraction float64) T {
	list = slices.Sorted(slices.Values(list))
	return list[int(fraction*float64(len(list)-1))]
}

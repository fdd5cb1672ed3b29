package heavy_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"testing"

	"github.com/pmtud/pmtud/pipeline/heavy"
)

// address is a key as the daemon uses it.
type address [16]byte

func router(n uint64) (a address) {
	binary.BigEndian.PutUint64(a[8:], n)
	return a
}

// zipf draws ranks from 0 with a probability that falls as 1/(rank+1)^s.
type zipf struct {
	sums []float64
	rand *rand.Rand
}

func newZipf(n int, s float64) *zipf {
	z := &zipf{sums: make([]float64, n), rand: rand.New(rand.NewPCG(1, 2))}
	sum := 0.0
	for i := range z.sums {
		sum += math.Pow(float64(i+1), -s)
		z.sums[i] = sum
	}
	return z
}

func (z *zipf) draw() uint64 {
	return uint64(sort.SearchFloat64s(z.sums, z.rand.Float64()*z.sums[len(z.sums)-1]))
}

// TestZipf counts a stream of a million routers. The ten heaviest must be right within the
// error that the package states, in memory that does not depend on the stream.
func TestZipf(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const routers, packets, counters, top = 1_000_000, 4_000_000, 1024, 10
	for _, s := range []float64{1, 1.2} {
		z := newZipf(routers, s)
		sketch := heavy.New[address](counters)
		truth := make([]uint64, routers)
		for range packets {
			n := z.draw()
			truth[n]++
			sketch.Add(router(n), 1, 0)
		}
		var got []uint64
		for _, e := range sketch.Top(top) {
			n := binary.BigEndian.Uint64(e.Key[8:])
			got = append(got, n)
			if truth[n] > e.Count || truth[n]+e.Error < e.Count {
				t.Errorf("s=%v: router %d has %d packets, the estimate is %d-%d", s, n, truth[n], e.Count, e.Error)
			}
			if e.Error > 2*packets/counters {
				t.Errorf("s=%v: router %d: error %d is not about %d", s, n, e.Error, packets/counters)
			}
		}
		slices.Sort(got)
		if want := []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(got, want) {
			t.Errorf("s=%v: the ten heaviest are %v", s, got)
		}
		if bound := sketch.Bound(); bound > 2*packets/counters {
			t.Errorf("s=%v: a key without a counter may weigh %d", s, bound)
		}
	}
}

// TestBounds compares every estimate with the truth, for streams that are hard on the
// sketch: keys that never come again, and all keys equally often.
func TestBounds(t *testing.T) {
	for name, key := range map[string]func(i uint64) uint64{
		"never again":    func(i uint64) uint64 { return i },
		"equally often":  func(i uint64) uint64 { return i % 3000 },
		"one among many": func(i uint64) uint64 { return i * (i % 3) },
		"few":            func(i uint64) uint64 { return i % 7 },
	} {
		t.Run(name, func(t *testing.T) {
			sketch := heavy.New[uint64](256)
			truth, marked := map[uint64]uint64{}, map[uint64]uint64{}
			var total uint64
			for i := range uint64(100_000) {
				k, weight := key(i), 1+i%5
				truth[k] += weight
				marked[k] += weight / 2
				total += weight
				sketch.Add(k, weight, weight/2)
			}
			seen := map[uint64]bool{}
			for _, e := range sketch.Entries(nil) {
				if truth[e.Key] > e.Count || truth[e.Key] < e.Certain() || e.Marked > marked[e.Key] {
					t.Fatalf("key %d: truth %d, marked %d: %+v", e.Key, truth[e.Key], marked[e.Key], e)
				}
				if seen[e.Key] {
					t.Fatalf("key %d has two counters", e.Key)
				}
				seen[e.Key] = true
			}
			bound := sketch.Bound()
			for k, n := range truth {
				if !seen[k] && n > bound {
					t.Fatalf("key %d has weight %d and no counter, the bound is %d", k, n, bound)
				}
			}
			if sketch.Total() != total {
				t.Errorf("total is %d, want %d", sketch.Total(), total)
			}
			sketch.Reset()
			if n := len(sketch.Entries(nil)); n != 0 || sketch.Total() != 0 || sketch.Bound() != 0 {
				t.Errorf("%d keys after Reset", n)
			}
		})
	}
}

func TestTopIsInOrder(t *testing.T) {
	sketch := heavy.New[string](16)
	for key, n := range map[string]uint64{"a": 3, "b": 1, "c": 2} {
		sketch.Add(key, n, n-1)
	}
	got := sketch.Top(2)
	want := []heavy.Entry[string]{{Key: "a", Count: 3, Marked: 2}, {Key: "c", Count: 2, Marked: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("top is %+v", got)
	}
	if n := len(sketch.Top(10)); n != 3 {
		t.Errorf("%d keys of 3", n)
	}
}

func TestCounters(t *testing.T) {
	for counters, want := range map[int]int{0: 16, 1: 16, 16: 16, 17: 32, 33: 64, 1024: 1024} {
		if got := heavy.New[int](counters).Counters(); got != want {
			t.Errorf("%d counters, want %d for %d", got, want, counters)
		}
	}
}

// TestMemory wants a sketch of bounded size that does not grow.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sketch := heavy.New[address](1024)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("1,024 counters take %d bytes", n)
	}
	i := uint64(0)
	if n := testing.AllocsPerRun(10_000, func() { i++; sketch.Add(router(i), 1, 1) }); n != 0 {
		t.Errorf("an addition allocates %v times", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	z := newZipf(1_000_000, 1)
	skewed := make([]address, 1<<16)
	for i := range skewed {
		skewed[i] = router(z.draw())
	}
	for _, bc := range []struct {
		name string
		key  func(i int) address
	}{
		{"zipf", func(i int) address { return skewed[i&(len(skewed)-1)] }},
		{"forged", func(i int) address { return router(uint64(i)) }},
		{"one", func(int) address { return skewed[0] }},
	} {
		b.Run(bc.name, func(b *testing.B) {
			sketch := heavy.New[address](1024)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				sketch.Add(bc.key(i), 1, 0)
			}
		})
	}
}

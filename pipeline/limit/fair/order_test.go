package fair_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit/fair"
)

// TestOrder checks the two bounds of the package comment, with keys that ask at
// random times, but at least every 1/rate: of two keys that wait, the one that passes
// has waited at least half as long, and no key waits for longer than four times what
// its share of the rate would make it wait.
func TestOrder(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 4))
		rate := math.Pow(10, 1+random.Float64()*2)
		burst := 20 + random.Float64()*80
		n := 2 + random.IntN(100)
		every := pipeline.Instant(1e9 / rate)
		var as askers
		for key := range uint64(n) {
			each := 1 + random.Int64N(int64(every)) // each as often as it likes
			as = append(as, &asker{ask{key: key}, func(a ask) ask {
				return ask{key: a.key, at: a.at + 1 + pipeline.Instant(random.Int64N(each))}
			}})
		}
		served := make([]pipeline.Instant, n)
		began := second + pipeline.Instant((burst+float64(2*n))/rate*1e9) // then each key was served
		most := pipeline.Instant(4 * (float64(n) + burst) / rate * 1e9)
		run(limiter(t, rate, burst), as, began+pipeline.Instant(1500/rate*1e9), func(a ask) {
			if a.at > began && a.passed {
				wait := max(a.at-served[a.key], every)
				for key, last := range served {
					if other := a.at - last; other-every > 2*wait+millisecond {
						t.Fatalf("seed %d: key %d passes after %d, while key %d has waited for %d", seed, a.key, wait, key, other)
					}
				}
			}
			if a.at > began && a.at-served[a.key] > most {
				t.Fatalf("seed %d: key %d of %d waits for %d, more than %d", seed, a.key, n, a.at-served[a.key], most)
			}
			if a.passed {
				served[a.key] = a.at
			}
		})
	}
}

// TestKeysValuesDontMatter decides about the same packets under different hashes,
// with memories of all sizes: the decisions are the same, also when keys are foreseen.
func TestKeysValuesDontMatter(t *testing.T) {
	hashes := []func(uint64) uint64{
		hash,
		func(key uint64) uint64 { return hash(key ^ 0x5555) },
		func(key uint64) uint64 { return key },                      // all in one place
		func(key uint64) uint64 { return key << 32 },                // close together
		func(key uint64) uint64 { return (key - 1) * 5 },            // zero among them
		func(key uint64) uint64 { return ^uint64(0) - key },         // at the end, and around it
		func(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 }, // far apart
	}
	for _, size := range []int{1, 2, 3, 8, 9, 100, 1000} {
		var want []bool
		for i, hash := range hashes {
			random := rand.New(rand.NewPCG(uint64(size), 5))
			l, err := fair.New(100, 0, size)
			if err != nil {
				t.Fatal(err)
			}
			at := pipeline.Instant(0)
			for n := range 20_000 {
				at = after(random, at, 500)
				key := 1 + random.Uint64N(1+random.Uint64N(3*uint64(size)))
				if i%2 == 1 {
					l.Foresee([]uint64{hash(key), hash(key + 1)})
				}
				got := l.Allows(hash(key), at)
				if got {
					l.Charge(at)
				}
				if i == 0 {
					want = append(want, got)
				} else if got != want[n] {
					t.Fatalf("size %d: packet %d passes %v under hash %d, but not under the first", size, n, got, i)
				}
			}
		}
	}
}

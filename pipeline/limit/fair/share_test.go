package fair_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// TestShares has n keys ask at random for four times their share each, all but the
// last, which asks for 400 times its share. After ten seconds it counts what each
// gets while everybody's share is 40 packets.
func TestShares(t *testing.T) {
	const packets = 40
	for _, rate := range []float64{10, 100, 1000} {
		for _, n := range []int{2, 5, 20, 100, 1000} {
			t.Run(fmt.Sprintf("%d keys at %v", n, rate), func(t *testing.T) {
				random := rand.New(rand.NewPCG(6, uint64(n)))
				share := rate / float64(n)
				var as askers
				for key := range uint64(n - 1) {
					as = append(as, poisson(random, key, 4*share))
				}
				as = append(as, poisson(random, uint64(n-1), 400*share))
				p := countFrom(10*second, n)
				run(limiter(t, rate, 0), as, 10*second+pipeline.Instant(packets/share*1e9), p.seen)
				noisy, least := p.count[n-1], slices.Min(p.count)
				t.Logf("of %d: least %d, median %d, noisy %d", packets, least, quantile(p.count, 0.5), noisy)
				if least < packets/2 {
					t.Errorf("a key got %d packets, less than half of its share", least)
				}
				if noisy > 3*packets {
					t.Errorf("the noisy key got %d packets, more than three shares", noisy)
				}
			})
		}
	}
}

// TestMaxMin has keys with random demands, from a hundredth to a hundred times the
// fair share, and compares what each gets with what max-min fairness would give it.
// Keys have no credit of their own, so who asks at random for just its share loses
// what comes too soon after a pass: half of it, but for chance.
func TestMaxMin(t *testing.T) {
	const packets = 60
	worst := 1.0
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 7))
		rate, n := 10+random.Float64()*990, 5+random.IntN(200)
		var as askers
		demands := make([]float64, n)
		for key := range demands {
			demands[key] = rate / float64(n) * (0.01 + random.ExpFloat64()*random.ExpFloat64()*random.ExpFloat64()*3)
			as = append(as, poisson(random, uint64(key), demands[key]))
		}
		fair := fairShare(demands, rate)
		p := countFrom(10*second, n)
		length := packets / fair
		run(limiter(t, rate, 0), as, 10*second+pipeline.Instant(length*1e9), p.seen)
		for key, demand := range demands {
			due := min(demand, fair) * length
			if due < packets/2 {
				continue // too few packets to tell
			}
			got := float64(p.count[key]) / due
			if worst = min(worst, got); got < 0.35 {
				t.Errorf("seed %d: key %d of %d, with a demand of %.2f shares, got %.2f of what it is due", seed, key, n, demand/fair, got)
			}
		}
	}
	t.Logf("the least that a key got is %.2f of what it is due", worst)
}

// fairShare returns what a key may have at most so that the demands fit the rate.
func fairShare(demands []float64, rate float64) float64 {
	sorted := slices.Sorted(slices.Values(demands))
	for i, demand := range sorted {
		share := rate / float64(len(sorted)-i)
		if demand > share {
			return share
		}
		rate -= demand
	}
	return sorted[len(sorted)-1]
}

// TestQuietKeys has keys that ask for a tenth of their share beside one that takes
// ten times the total: hardly a packet of theirs is refused.
func TestQuietKeys(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	const rate, n = 1000, 100
	as := askers{poisson(random, n, 10*rate)}
	for key := range uint64(n) {
		as = append(as, poisson(random, key, 0.1*rate/n))
	}
	asked, refused := 0, 0
	run(limiter(t, rate, 0), as, 100*second, func(a ask) {
		if a.key < n {
			asked++
			if !a.passed {
				refused++
			}
		}
	})
	t.Logf("%d of %d refused", refused, asked)
	if refused > asked/500 {
		t.Errorf("%d of %d packets of quiet keys were refused", refused, asked)
	}
}

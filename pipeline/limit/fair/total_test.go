package fair_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
	"github.com/pmtud/pmtud/pipeline/limit/fair"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// mix is a random mix of keys, some of which are noisy, and sometimes a flood.
func mix(random *rand.Rand, rate float64) (as askers) {
	for key := range 1 + random.Uint64N(50) {
		as = append(as, poisson(random, key, rate*math.Exp(random.NormFloat64()*2-3)))
	}
	if random.IntN(2) == 0 {
		as = append(as, flood(random, 10*rate, func(n uint64) uint64 { return n }))
	}
	return as
}

// TestTotal checks with random mixes that no stretch of time sees more passes than
// the rate and the burst allow, and that none is wasted while somebody is refused: a
// shortage costs at most what is held back at its end.
func TestTotal(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		rate := math.Pow(10, random.Float64()*3)
		burst := 20 + random.Float64()*3*rate
		level, last := 0.0, pipeline.Instant(0) // of a leaky bucket
		run(limiter(t, rate, burst), mix(random, rate), pipeline.Instant(3000/rate*1e9), func(a ask) {
			level = max(0, level-float64(a.at-last)/1e9*rate)
			last = a.at
			if a.passed {
				level++
			}
			if level > burst+0.01 {
				t.Fatalf("seed %d: %v packets in a bucket of %v at %d", seed, level, burst, a.at)
			}
			if free := burst - level; !a.passed && free > 26*4+2 {
				t.Fatalf("seed %d: refused with credit for %v packets at %d", seed, free, a.at)
			}
		})
	}
}

// TestEnoughForAll compares the decisions up to the first refusal, and once more
// after the bucket has filled up, with those of a plain limit.
func TestEnoughForAll(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 2))
		rate := math.Pow(10, 1+random.Float64()*2)
		l := limiter(t, rate, 0)
		plain, err := limit.NewRate(rate, 0)
		if err != nil {
			t.Fatal(err)
		}
		at, bucket := pipeline.Instant(1e18), limit.Full
		for range 3 {
			at += 2 * second
			for refused := false; !refused; at = after(random, at, 2*rate) {
				want := plain.Has(bucket, at)
				if got := l.Allows(random.Uint64(), at); got != want {
					t.Fatalf("seed %d: passes %v, by a plain limit %v", seed, got, want)
				}
				if refused = !want; want {
					bucket = plain.Charge(bucket, at)
					l.Charge(at)
				}
			}
		}
	}
}

// TestOneKeyGetsAll has a single key, and then single packets of many keys, ask for
// more than there is: nothing is wasted on others that might have come.
func TestOneKeyGetsAll(t *testing.T) {
	for _, rate := range []float64{6, 10, 1000} {
		for name, choose := range map[string]func(uint64) uint64{
			"one key":   func(uint64) uint64 { return 0 },
			"newcomers": func(n uint64) uint64 { return n },
		} {
			random := rand.New(rand.NewPCG(3, 3))
			p := countFrom(0, 0)
			run(limiter(t, rate, 0), askers{flood(random, 20*rate, choose)}, 100*second, p.seen)
			if least, most := rate*100, rate*101.9; float64(p.total) < least || float64(p.total) > most {
				t.Errorf("%s at %v per second: %d passed, want %v to %v", name, rate, p.total, least, most)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name        string
		rate, burst float64
		setting     string
		text        string // in the error
	}{
		{"rate", 0, 0, "rate", "0 is not between 0.001 and 1000000000 packets per second"},
		{"rate, with a burst", 0, 20, "rate", "0 is not between 0.001 and 1000000000 packets per second"},
		{"burst", 10, -1, "burst", "-1 is not between 1 and 1000000000 packets"},
		{"default burst of a low rate", 1, 0, "burst", "1.9 packets at once are too few to share them fairly; at 1 per second it takes 10"},
		{"burst at 1 per second", 1, 9.9, "burst", "it takes 10"},
		{"burst at 1000 per second", 1000, 17, "burst", "it takes 18"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := fair.New(tc.rate, tc.burst, 1)
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
			if err != nil && !strings.Contains(err.Error(), tc.text) {
				t.Errorf("error %v, want one with %q", err, tc.text)
			}
		})
	}
	for rate, burst := range map[float64]float64{limit.MinRate: 10, 1: 10, 6: 0, 1000: 18, limit.MaxRate: 0} {
		if _, err := fair.New(rate, burst, 1); err != nil {
			t.Error(err)
		}
	}
}

package fair_test

import (
	"math/rand/v2"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// TestForgedKeys floods the limiter with 100,000 packets of forged keys a second, at a
// rate of 1000. After two seconds, clients come that ask as TCP retransmits: it
// measures when each of them has passed, in packet time.
func TestForgedKeys(t *testing.T) {
	const clients = 200
	random := func() *rand.Rand { return rand.New(rand.NewPCG(9, 9)) }
	for _, tc := range []struct {
		name   string
		choose func() func(n uint64) uint64
		most   float64 // seconds until 99 of 100 have passed
	}{
		{"each once", func() func(uint64) uint64 {
			return func(n uint64) uint64 { return n }
		}, 0.6},
		{"a million, in a row, again and again", func() func(uint64) uint64 {
			return func(n uint64) uint64 { return n % 1e6 }
		}, 0.6},
		{"a million, at random", func() func(uint64) uint64 {
			r := random()
			return func(uint64) uint64 { return r.Uint64N(1e6) }
		}, 1.4},
		{"sixteen million, at random", func() func(uint64) uint64 {
			r := random()
			return func(uint64) uint64 { return r.Uint64N(1 << 24) }
		}, 0.6},
		{"each ten times at once", func() func(uint64) uint64 {
			return func(n uint64) uint64 { return n / 10 }
		}, 0.6},
		{"each twice, half a second apart", func() func(uint64) uint64 {
			return func(n uint64) uint64 { return n/2 - n%2*25_000 + 25_000 }
		}, 1.4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := random()
			as := askers{flood(r, 100_000, tc.choose())}
			begin := make([]pipeline.Instant, clients)
			for key := range begin {
				begin[key] = 2*second + pipeline.Instant(r.Int64N(int64(second)))
				as = append(as, client(uint64(key), begin[key]))
			}
			const never = 100
			first, next, total := filled(clients, never), filled(clients, never), 0
			run(limiter(t, 1000, 0), as, 7*second, func(a ask) {
				if a.passed && a.at >= 2*second {
					total++
				}
				if !a.passed || a.key >= clients {
					return
				}
				after := float64(a.at-begin[a.key]) / 1e9
				if first[a.key] == never {
					first[a.key] = after
				} else {
					next[a.key] = min(next[a.key], after)
				}
			})
			p99 := quantile(first, 0.99)
			t.Logf("passed once: median %.1f s, p99 %.1f s; twice: median %.1f s, p99 %.1f s", quantile(first, 0.5), p99, quantile(next, 0.5), quantile(next, 0.99))
			if p99 > tc.most+0.01 {
				t.Errorf("p99 is %.2f s, want %v s", p99, tc.most)
			}
			if total > 5001+66 || total < 4999 {
				t.Errorf("%d passed in 5 s", total)
			}
		})
	}
}

func filled(n int, value float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = value
	}
	return list
}

// TestKnownKeysUnderFlood has keys that ask for all there is beside a flood of forged
// ones: half of the rate is theirs, in fair shares.
func TestKnownKeysUnderFlood(t *testing.T) {
	const rate, n = 1000, 10
	random := rand.New(rand.NewPCG(10, 10))
	as := askers{flood(random, 100_000, func(n uint64) uint64 { return n })}
	for key := range uint64(n) {
		as = append(as, poisson(random, key, rate))
	}
	p := countFrom(2*second, n)
	run(limiter(t, rate, 0), as, 6*second, p.seen)
	const share = rate / 2 / n * 4
	t.Logf("of %d: %v", share, p.count)
	for key, count := range p.count {
		if count < share*8/10 {
			t.Errorf("key %d got %d packets, want about %d", key, count, share)
		}
	}
}

// TestRepeatedForgedKeys has an attacker repeat a thousand keys at 100,000 a second
// beside 200 keys that each ask five times a second: he gets what a thousand clients
// would get.
func TestRepeatedForgedKeys(t *testing.T) {
	const rate, attackers, clients = 1000, 1000, 200
	random := rand.New(rand.NewPCG(11, 11))
	as := askers{flood(random, 100_000, func(n uint64) uint64 { return n % attackers })}
	for key := range uint64(clients) {
		as = append(as, poisson(random, key, 5))
	}
	p := countFrom(5*second, clients)
	run(limiter(t, rate, 0), as, 25*second, p.seen)
	genuine := 0
	for _, count := range p.count {
		genuine += count
	}
	const fair = rate * 20 * clients / (attackers + clients)
	t.Logf("clients got %d packets of %d that are fair, the last one %d of %d", genuine, fair, quantile(p.count, 0), fair/clients)
	if genuine < fair*8/10 || quantile(p.count, 0) < fair/clients/2 {
		t.Errorf("clients got %d packets of %d that are fair, the last one %d of %d", genuine, fair, quantile(p.count, 0), fair/clients)
	}
}

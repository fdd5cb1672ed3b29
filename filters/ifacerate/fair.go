package ifacerate

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/limit/fair"
)

// fairFilter shares the total between the keys of packets.
type fairFilter struct {
	by      *key.Extractor
	seed    [2]uint64
	limiter *fair.Limiter
	keys    []uint64                   // of the packets that were foreseen; none while they don't matter
	passed  [fair.Shares]atomic.Uint64 // for Measure
}

func newFair(s Settings) (pipeline.Filter, error) {
	by, err := key.New("fair_by", s.FairBy, s.Prefixes)
	if err != nil {
		return nil, err
	}
	limiter, err := fair.New(s.Rate, s.Burst, s.MaxKeys)
	if err != nil {
		return nil, err
	}
	return &fairFilter{by: by, seed: [2]uint64{rand.Uint64(), rand.Uint64()}, limiter: limiter}, nil
}

// Filter remembers whom it refuses.
func (f *fairFilter) Filter(p *pipeline.Packet) pipeline.Reason { return f.ask(f.key(p), p.Clock) }

func (f *fairFilter) ask(key uint64, now pipeline.Instant) pipeline.Reason {
	if !f.limiter.Allows(key, now) {
		return RateLimited
	}
	return pipeline.Pass
}

// Foresee is [pipeline.TotalLimiter].
func (f *fairFilter) Foresee(batch []pipeline.Packet) {
	f.keys = f.keys[:0]
	if f.limiter.Plenty(batch[0].Clock) {
		return
	}
	for i := range batch {
		f.keys = append(f.keys, f.key(&batch[i]))
	}
	f.limiter.Foresee(f.keys)
}

// FilterEarly is [pipeline.TotalLimiter]. What other filters would refuse counts as asking,
// then: see the package.
func (f *fairFilter) FilterEarly(p *pipeline.Packet, i int) pipeline.Reason {
	switch {
	case f.limiter.Plenty(p.Clock):
		return pipeline.Pass
	case i < len(f.keys):
		return f.ask(f.keys[i], p.Clock)
	}
	return f.ask(f.key(p), p.Clock)
}

// SaturatedUntil is [pipeline.TotalLimiter]: the filter has to see who asks again, at any time.
func (f *fairFilter) SaturatedUntil(now pipeline.Instant) (all, newcomers pipeline.Instant, r pipeline.Reason) {
	if f.limiter.Plenty(now) {
		return now, now, RateLimited
	}
	return now, now + hold, RateLimited
}

func (f *fairFilter) Charge(p *pipeline.Packet) { f.passed[f.limiter.Charge(p.Clock)].Add(1) }

func (f *fairFilter) key(p *pipeline.Packet) uint64 { return f.by.Key(p).Hash(f.seed) }

// shares are the values of the label of passed_total.
var shares = [fair.Shares]string{fair.Plenty: "plenty", fair.Known: "known", fair.Open: "open", fair.Rest: "rest"}

// Measure is [pipeline.Measurer].
func (f *fairFilter) Measure(emit func(metric int, label string, value float64)) {
	for share := range f.passed {
		emit(passedMetric, shares[share], float64(f.passed[share].Load()))
	}
}

// Package srcrate has the filter `src-rate`, which limits the rate of each router:
// the outer source address of a message.
//
// Every router has a token bucket of its own. Memory is bounded: the filter
// remembers the max_sources routers that it charged last. A bucket that has
// refilled is like one that was never used, so forgetting a router has an effect
// only if max_sources others were charged in the time that a bucket takes to
// refill (1.9 s by default); that router may then send sooner than its rate
// allows. No router ever has less than its rate because of others. A limiter is
// charged only for packets that all filters let pass, so behind an iface-rate of
// 10 no more than 10 routers a second enter the table, however many are forged.
package srcrate

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// RateLimited is the reason to drop a packet: its source's bucket is empty.
const RateLimited pipeline.Reason = 1

// Settings of the filter. With as many sources as there may be, the table takes 832
// MiB.
type Settings struct {
	Rate       float64 `setting:"rate" min:"0.001" max:"1e9" example:"1" doc:"packets per second of one source"`
	Burst      float64 `setting:"burst" min:"0" max:"1e9" example:"10" doc:"packets that a rested source may send at once; 0 means 1.9 times the rate, at least 1"`
	MaxSources int     `setting:"max_sources" min:"1" max:"16777216" example:"65536" doc:"number of sources remembered, at most 56 octets each"`
}

// Plugin returns the filter `src-rate`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "src-rate",
		Summary: "limits the rate of each source address",
		Reasons: []pipeline.ReasonInfo{
			{Name: "rate-limited", Doc: "the source has used up its rate"},
		},
		Defaults: Settings{Rate: 1, MaxSources: 65536},
		New:      New,
	})
}

// New returns the filter, a [pipeline.Limiter].
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	rate, err := limit.NewRate(s.Rate, s.Burst)
	if err != nil {
		return nil, err
	}
	return &filter{
		rate:    rate,
		buckets: limit.NewTable[pipeline.RouterKey, limit.Bucket](s.MaxSources),
	}, nil
}

type filter struct {
	rate    limit.Rate
	buckets *limit.Table[pipeline.RouterKey, limit.Bucket]

	// Of the packet that Filter saw last, for Charge.
	key    pipeline.RouterKey
	ref    limit.Ref
	bucket limit.Bucket
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	f.key = p.RouterKey()
	var found bool
	if f.ref, f.bucket, found = f.buckets.Find(f.key); !found {
		f.bucket = limit.Full
	}
	if !f.rate.Has(f.bucket, p.Clock) {
		return RateLimited
	}
	return pipeline.Pass
}

func (f *filter) Charge(p *pipeline.Packet) {
	f.buckets.Set(f.ref, f.key, f.rate.Charge(f.bucket, p.Clock))
}

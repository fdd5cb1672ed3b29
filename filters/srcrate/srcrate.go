// Package srcrate has the filter `src-rate`, which limits the rate of each router
// (the outer source address of a message), or of whatever else its key tells apart:
// see [github.com/pmtud/pmtud/pipeline/key].
//
// Every key has a token bucket of its own. Memory is bounded: the filter remembers
// the max_sources keys that it charged last. A bucket that has refilled is like one
// that was never used, so forgetting a key has an effect only if max_sources others
// were charged in the time that a bucket takes to refill (1.9 s by default); that
// key may then pass sooner than its rate allows, and early_evictions_total counts
// it. No key ever has less than its rate because of others. A limiter is charged
// only for packets that all filters let pass, so behind an iface-rate of 10 no more
// than 10 keys a second enter the table, however many are forged.
//
// # Which key
//
// A message that somebody forged with the key of genuine ones is charged to them.
// By default that takes the address of a router on the path, which a traceroute
// tells. The router's prefix limits somebody who has a whole network to forge
// addresses of, and all genuine routers in it together. One router speaks for
// thousands of clients: a limit by client lets each have its messages at once, and
// somebody who forges them may choose a new client for every message, so that only
// a limit of all together holds him.
package srcrate

import (
	"sync/atomic"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// RateLimited is the reason to drop a packet: its source's bucket is empty.
const RateLimited pipeline.Reason = 1

// Settings of the filter. With as many sources as there may be, the table takes 832
// MiB.
type Settings struct {
	Rate  float64    `setting:"rate" min:"0.001" max:"1e9" example:"1" doc:"packets per second of each source"`
	Burst float64    `setting:"burst" min:"0" max:"1e9" example:"10" doc:"packets that a source may send at once after a pause; 0 means 1.9 times the rate, at least 1"`
	Key   key.Fields `setting:"key" enum:"router,router-prefix,client,client-prefix,target,mtu,flow" example:"router-prefix" doc:"fields that identify a source: packets are from the same source if all of these are equal"`

	key.Prefixes

	MaxSources int `setting:"max_sources" min:"1" max:"16777216" example:"65536" doc:"sources to remember, at most 56 bytes each"`
}

// Plugin returns the filter `src-rate`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "src-rate",
		Summary: "limits the rate of each source: the router's address, or what key says",
		Reasons: pipeline.Reasons{
			RateLimited: {Name: "rate-limited", Doc: "the source has used up its rate"},
		},
		Metrics: []pipeline.MetricInfo{
			entriesMetric: {Name: "entries", Doc: "sources remembered, of at most max_sources"},
			earlyMetric:   {Name: "early_evictions_total", Doc: "sources forgotten before their buckets had refilled, to make room for others: max_sources is too small"},
		},
		Defaults: Settings{
			Rate: 1, MaxSources: 65536,
			Key: key.Fields{key.Router}, Prefixes: key.DefaultPrefixes(),
		},
		New: New,
	})
}

// New returns the filter, a [pipeline.Limiter] and [pipeline.Measurer].
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	rate, err := limit.NewRate(s.Rate, s.Burst)
	if err != nil {
		return nil, err
	}
	source, err := key.New("key", s.Key, s.Prefixes)
	if err != nil {
		return nil, err
	}
	return &filter{
		rate:    rate,
		source:  source,
		buckets: limit.NewTable[key.Key, limit.Bucket](s.MaxSources),
	}, nil
}

type filter struct {
	rate    limit.Rate
	source  *key.Extractor
	buckets *limit.Table[key.Key, limit.Bucket]

	// Of the packet that Filter saw last, for Charge.
	key    key.Key
	ref    limit.Ref
	bucket limit.Bucket
	known  bool

	// For Measure.
	entries, early atomic.Uint64
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	f.key = f.source.Key(p)
	if f.ref, f.bucket, f.known = f.buckets.Find(f.key); !f.known {
		f.bucket = limit.Full
	}
	if !f.rate.Has(f.bucket, p.Clock) {
		return RateLimited
	}
	return pipeline.Pass
}

func (f *filter) Charge(p *pipeline.Packet) {
	if !f.known {
		f.countNew(p.Clock)
	}
	f.buckets.Set(f.ref, f.key, f.rate.Charge(f.bucket, p.Clock))
}

// Package ifacerate has the filter `iface-rate`, which limits the rate of all
// packets together.
//
// By default it is first come, first served. Once the rate is exhausted, each source
// gets the part of it that its packets are of all that ask; a flood from forged
// addresses so takes nearly all, unless the kernel helps (see below). It protects the
// network behind, not the genuine sources.
//
// # Fair shares
//
// With fair_by, a list of fields, those go first who were served little, and of those
// who were not served at all the ones who ask again: see
// [github.com/pmtud/pmtud/pipeline/limit/fair] for the algorithm, what it guarantees
// and what not. While the rate is enough for all, it makes no difference.
//
// The filter remembers who passed and whom it refused itself. A packet that passes
// here and that another filter refuses leaves no trace: it costs nothing, and it does
// not count as asking. So the filter is best the last one: then what other filters
// refuse is nothing to it, but under a flood.
//
// # Under a flood
//
// When many packets come at once, this filter is asked first ([pipeline.TotalLimiter]):
// most are refused for no more than the key that they have. So what is refused here then
// may be what another filter would have refused, and with fair_by it counts as asking. It
// gains nothing by that: what passes here still has to pass all other filters, and pays
// then only.
//
// While there is not enough for all, this filter need not see newcomers: who comes back is
// genuine with a much better chance. So a source may refuse for up to 100 ms at a time, in its
// place, all packets of senders who did not ask before, and the filter sees them when they ask
// again ([pipeline.Env]). The source pcap does so when 64 or more packets come at once, for a router and
// client each, whatever fair_by has. What passes in the end is what the rate allows, since
// after each such time newcomers find what was saved up.
//
// Which fields: `client` makes clients equal, of which one router speaks for
// thousands, and a client asks again by itself. Who forges messages may choose a new
// client for each, and those don't come back; who repeats a few takes the turns of as
// many clients. `router` makes routers equal; somebody who forges a router's address,
// which a traceroute tells, takes its turns. Prefixes make networks equal, so that
// somebody with a whole network of addresses counts once.
package ifacerate

import (
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// RateLimited is the reason to drop a packet: the bucket is empty.
const RateLimited pipeline.Reason = 1

// Settings of the filter. With as many keys as there may be, they take 640 MiB.
type Settings struct {
	Rate   float64    `setting:"rate" min:"0.001" max:"1e9" example:"1000" doc:"packets per second, all sources together"`
	Burst  float64    `setting:"burst" min:"0" max:"1e9" example:"20" doc:"packets that may pass at once after a pause; 0 means 1.9 times the rate, at least 1; fair_by needs at least 10, or 18 at 1000 per second"`
	FairBy key.Fields `setting:"fair_by" enum:"router,router-prefix,client,client-prefix,target,mtu,flow" example:"client" doc:"fields whose values share the rate fairly when it is not enough for all; empty means first come, first served"`

	key.Prefixes

	MaxKeys int `setting:"max_keys" min:"1" max:"16777216" example:"131072" doc:"keys to remember for fair_by, 40 bytes each; ideally as many as arrive in a second of a flood"`
}

// hold is how long newcomers may be refused unseen while there is not enough for all: less than
// the 200 ms after which TCP asks again.
const hold = pipeline.Instant(100 * time.Millisecond)

// Index of the plugin's metrics.
const passedMetric = 0

// Plugin returns the filter `iface-rate`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "iface-rate",
		Summary: "limits the rate of all packets together",
		Reasons: pipeline.Reasons{
			RateLimited: {Name: "rate-limited", Doc: "the rate of all sources together is used up"},
		},
		Metrics: []pipeline.MetricInfo{
			passedMetric: {
				Name: "passed_total", Label: "share",
				Doc: "packets passed with fair_by: with plenty of rate left, or in a shortage as known keys, as newcomers in their own share, or in what the others left over",
			},
		},
		Defaults: Settings{Rate: 10, Prefixes: key.DefaultPrefixes(), MaxKeys: 131072},
		New:      New,
	})
}

// New returns the filter: a [pipeline.TotalLimiter], with fair_by a [pipeline.Measurer] too.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	if len(s.FairBy) > 0 {
		return newFair(s)
	}
	rate, err := limit.NewRate(s.Rate, s.Burst)
	if err != nil {
		return nil, err
	}
	return &filter{rate: rate, bucket: limit.Full}, nil
}

type filter struct {
	rate   limit.Rate
	bucket limit.Bucket
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	if !f.rate.Has(f.bucket, p.Clock) {
		return RateLimited
	}
	return pipeline.Pass
}

// SaturatedUntil is [pipeline.TotalLimiter]: nothing passes an empty bucket.
func (f *filter) SaturatedUntil(now pipeline.Instant) (all, newcomers pipeline.Instant, r pipeline.Reason) {
	if f.rate.Has(f.bucket, now) {
		return now, now, RateLimited
	}
	return f.rate.ReadyAt(f.bucket), now + hold, RateLimited
}

// Foresee is [pipeline.TotalLimiter].
func (*filter) Foresee([]pipeline.Packet) {}

// FilterEarly is [pipeline.TotalLimiter]: an empty bucket refuses whatever it is.
func (f *filter) FilterEarly(p *pipeline.Packet, _ int) pipeline.Reason { return f.Filter(p) }

func (f *filter) Charge(p *pipeline.Packet) { f.bucket = f.rate.Charge(f.bucket, p.Clock) }

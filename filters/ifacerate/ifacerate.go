// Package ifacerate has the filter `iface-rate`, which limits the rate of all
// packets together: first come, first served. Once the rate is exhausted, each
// source gets the part of it that its packets are of all that ask; a flood from
// forged addresses so takes nearly all. It protects the network behind, not the
// genuine sources.
package ifacerate

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// RateLimited is the reason to drop a packet: the bucket is empty.
const RateLimited pipeline.Reason = 1

// Settings of the filter.
type Settings struct {
	Rate  float64 `setting:"rate" min:"0.001" max:"1e9" example:"10" doc:"packets per second of all sources together"`
	Burst float64 `setting:"burst" min:"0" max:"1e9" example:"20" doc:"packets that may pass at once after a pause; 0 means 1.9 times the rate, at least 1"`
}

// Plugin returns the filter `iface-rate`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "iface-rate",
		Summary: "limits the rate of all packets together",
		Reasons: []pipeline.ReasonInfo{
			{Name: "rate-limited", Doc: "all sources together have used up the rate"},
		},
		Defaults: Settings{Rate: 10},
		New:      New,
	})
}

// New returns the filter, a [pipeline.Gatekeeper].
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
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

// ShutUntil is [pipeline.Gatekeeper]: under a flood, the kernel can refuse what the
// empty bucket would.
func (f *filter) ShutUntil() (pipeline.Instant, pipeline.Reason) {
	return f.rate.ReadyAt(f.bucket), RateLimited
}

func (f *filter) Charge(p *pipeline.Packet) { f.bucket = f.rate.Charge(f.bucket, p.Clock) }

// Package minttl has the filter `min-ttl`, which drops messages that have come a
// suspiciously long way: their TTL or hop limit is nearly used up.
package minttl

import "github.com/pmtud/pmtud/pipeline"

// LowTTL is the reason to drop a packet: its TTL is below the minimum.
const LowTTL pipeline.Reason = 1

// Settings of the filter.
type Settings struct {
	Min uint8 `setting:"min" required:"true" min:"1" max:"255" example:"64" doc:"lowest TTL or hop limit that passes"`
}

// Plugin returns the filter `min-ttl`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "min-ttl",
		Summary: "drops messages whose TTL or hop limit is low",
		Reasons: pipeline.Reasons{LowTTL: {Name: "low-ttl", Doc: "the TTL or hop limit is below min"}},
		New:     New,
	})
}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) { return filter(s), nil }

type filter Settings

// Filter drops packets that show no TTL as well.
func (f filter) Filter(p *pipeline.Packet) pipeline.Reason {
	if ttl, ok := p.TTL(); !ok || ttl < f.Min {
		return LowTTL
	}
	return pipeline.Pass
}

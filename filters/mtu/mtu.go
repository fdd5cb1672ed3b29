// Package mtu has the filter `mtu`, which lets messages pass whose next-hop MTU
// lies in a range.
package mtu

import (
	"github.com/pmtud/pmtud/pipeline"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// Reasons to drop a packet.
const (
	BadMTU    pipeline.Reason = iota + 1 // outside min..max, or no MTU at all
	StrictMTU                            // inside, but outside what strict allows
)

// What strict allows: from the datagram that every IPv4 host takes (RFC 791) to
// just below Ethernet's MTU.
const (
	strictMin = 576
	strictMax = 1499
)

// Settings of the filter.
type Settings struct {
	Min    uint32 `setting:"min" example:"1280" doc:"lowest next-hop MTU that passes, in bytes"`
	Max    uint32 `setting:"max" example:"1499" doc:"highest next-hop MTU that passes, in bytes"`
	Strict bool   `setting:"strict" example:"true" doc:"pass only MTUs from 576 to 1499"`
}

// Plugin returns the filter `mtu`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "mtu",
		Summary: "drops messages whose next-hop MTU is implausible",
		Reasons: pipeline.Reasons{
			BadMTU:    {Name: "bad-mtu", Doc: "the next-hop MTU is below min or above max"},
			StrictMTU: {Name: "strict-mtu", Doc: "with strict: the next-hop MTU is not from 576 to 1499"},
		},
		Defaults: defaults,
		New:      New,
	})
}

var defaults = Settings{Min: 68, Max: 16384}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	switch {
	case s.Min > s.Max && s.Min == defaults.Min:
		return nil, setting.Errorf("max", "must not be below min, %d", s.Min)
	case s.Min > s.Max:
		return nil, setting.Errorf("min", "must not be above max, %d", s.Max)
	case s.Strict && (s.Max < strictMin || s.Min > strictMax):
		return nil, setting.Errorf("strict", "lets only %d to %d pass, and min and max only %d to %d: nothing would pass", strictMin, strictMax, s.Min, s.Max)
	}
	f := filter(s)
	return &f, nil
}

type filter Settings

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	mtu, ok := p.MTU()
	switch {
	case !ok || mtu < f.Min || mtu > f.Max:
		return BadMTU
	case f.Strict && (mtu < strictMin || mtu > strictMax):
		return StrictMTU
	}
	return pipeline.Pass
}

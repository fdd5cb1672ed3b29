package sane_test

import (
	"testing"

	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestRawIP has packets without a link-layer header: one that every check finds
// wrong, if it asks for nothing of the host.
func TestRawIP(t *testing.T) {
	for check, v := range map[pipeline.Reason]vector{
		sane.IPLength:          {change: add(3, 1)},
		sane.IPChecksum:        {change: add(8, 255)},
		sane.Fragment:          {more: true},
		sane.UnspecifiedSource: {src: "0.0.0.0"},
		sane.LoopbackSource:    {v6: true, src: "::1"},
		sane.MulticastSource:   {src: "224.0.0.1"},
		sane.MulticastTarget:   {v6: true, dst: "ff02::1"},
		sane.BroadcastTarget:   {dst: "255.255.255.255"},
		sane.ICMPChecksum:      {v6: true, change: add(43, 1)},
		sane.QuotedVersion:     {unlike: true},
		sane.QuotedSource:      {quotedSrc: "192.0.2.2"},
		sane.QuotedMulticast:   {quoted: "239.1.2.3"},
		sane.QuotedMulticastV6: {v6: true, quoted: "ff0e::1"},
		sane.QuotedFragment:    {quotedFrag: 185},
		sane.QuotedFragmentV6:  {v6: true, quotedProto: 44, inner: laterPiece},
		sane.QuotedICMPError:   {quotedProto: 1, inner: icmp4(3)},
		sane.ZeroMTUv4:         {noMTU: true},
		sane.LowMTUv4:          {mtu: 551},
		sane.LowMTUv6:          {v6: true, mtu: 1279},
		sane.NotTooBig:         {mtu: 1488},
	} {
		t.Run(sane.Plugin().Reasons[check-1].Name, func(t *testing.T) {
			f := alone(t, check)
			v.link = raw
			for want, v := range map[pipeline.Reason]vector{check: v, pipeline.Pass: {v6: v.v6, link: raw}} {
				p := v.packet()
				if got := pipelinetest.Decide(f, &p); got != want {
					t.Errorf("reason %d, want %d", got, want)
				}
			}
		})
	}
}

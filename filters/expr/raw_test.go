package expr_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestRawIP asks for packets without a link-layer header.
func TestRawIP(t *testing.T) {
	raw := func(m pipelinetest.PTB) pipeline.Packet {
		p := m.Packet(pipelinetest.Begin)
		p.LinkType, p.Data, p.Length = linklayer.Raw, p.Data[14:], p.Length-14
		return p
	}
	v4, v6 := raw(pipelinetest.PTB{}), raw(v6)
	neither := raw(pipelinetest.PTB{})
	neither.Data[0] = 0x55
	for _, tc := range []struct {
		when   string
		packet pipeline.Packet
		want   bool
	}{
		{`family == 4`, v4, true},
		{`family == 4`, v6, false},
		{`family == 6`, v6, true},
		{`known(family)`, neither, false},
		{`ttl == 60`, v4, true},
		{`ttl == 61`, v4, false},
		{`ttl == 60`, v6, true},
		{`known(ttl)`, neither, false},
		{`router == "203.0.113.1"`, v4, true},
		{`router == "203.0.113.2"`, v4, false},
		{`target == "2001:db8::1"`, v6, true},
		{`known(router)`, neither, false},
		{`mtu == 1400`, v4, true},
		{`mtu == 1401`, v6, false},
		{`length == 128`, v4, true},
		{`length == 148`, v6, true},
		{`known(vlan)`, v4, false},
		{`sport == 443`, v4, true},
		{`sport == 444`, v6, false},
	} {
		t.Run(tc.when, func(t *testing.T) {
			p := tc.packet
			if got := pipelinetest.Decide(build(t, tc.when), &p) == pipeline.Pass; got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

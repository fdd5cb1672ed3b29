package pipelinetest

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// testGatekeeper checks that a gatekeeper lets nothing pass while it says so, up to
// the last moment, and that what is refused changes nothing.
func (f filterTest) testGatekeeper(t *testing.T) {
	g, ok := f.open(t).(pipeline.TotalLimiter)
	if !ok {
		t.Skip("the filter is no gatekeeper")
	}
	for i, p := range Packets() {
		prepare(&p)
		until, _, reason := g.SaturatedUntil(p.Clock)
		if until <= p.Clock {
			Decide(g, &p)
			continue
		}
		for _, now := range []pipeline.Instant{p.Clock, until - 1} {
			p.Clock = now
			if got := g.Filter(&p); got != reason {
				t.Fatalf("packet %d: reason %d at %d, shut until %d with reason %d", i, got, now, until, reason)
			}
		}
		if again, _, _ := g.SaturatedUntil(p.Clock); again != until {
			t.Fatalf("packet %d: shut until %d, after refusals until %d", i, until, again)
		}
	}
}

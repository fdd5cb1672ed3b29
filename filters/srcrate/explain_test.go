package srcrate_test

import (
	"testing"

	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestExplainEarly asks at the beginning of time, when a bucket that is zero would be empty.
func TestExplainEarly(t *testing.T) {
	p := message('a', 0)
	p.Decode()
	const want = "router 203.0.113.1 has credit for 3.00 of 3.00 packets"
	if got := build(t, srcrate.Settings{Rate: 2, Burst: 3, MaxSources: 10}).(pipeline.Explainer).Explain(&p); got != want {
		t.Errorf("explanation %q, want %q", got, want)
	}
}

// TestExplain asks before and after packets of one router have passed.
func TestExplain(t *testing.T) {
	f := build(t, srcrate.Settings{Rate: 2, Burst: 3, MaxSources: 10})
	for _, tc := range []struct {
		name   string
		router byte
		ms     int
		decide bool // about a packet of the router, before
		want   string
	}{
		{"never seen", 'a', 0, false, "router 203.0.113.1 has credit for 3.00 of 3.00 packets"},
		{"one has passed", 'a', 0, true, "router 203.0.113.1 has credit for 2.00 of 3.00 packets"},
		{"another router", 'b', 0, false, "router 203.0.113.2 has credit for 3.00 of 3.00 packets"},
		{"a part has come back", 'a', 250, false, "router 203.0.113.1 has credit for 2.50 of 3.00 packets"},
		{"all has come back", 'a', 500, false, "router 203.0.113.1 has credit for 3.00 of 3.00 packets"},
	} {
		p := message(tc.router, tc.ms)
		if tc.decide {
			if got := pipelinetest.Decide(f, &p); got != pipeline.Pass {
				t.Fatalf("%s: reason %d", tc.name, got)
			}
		}
		p.Decode()
		p.Clock = p.Time
		if got := f.(pipeline.Explainer).Explain(&p); got != tc.want {
			t.Errorf("%s: explanation %q, want %q", tc.name, got, tc.want)
		}
	}
}

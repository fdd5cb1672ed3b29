package ifacerate_test

import (
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestExplain asks before and after a packet has passed.
func TestExplain(t *testing.T) {
	for name, tc := range map[string]struct {
		settings      *ifacerate.Settings
		before, after string
	}{
		"all alike": {fairBy(2), "credit for 3.80 of 3.80 packets", "credit for 2.80 of 3.80 packets"},
		"fair": {
			fairBy(10, key.Router, key.Client),
			"router 203.0.113.1, client 198.51.100.2: credit for 19.00 of 19.00 packets",
			"router 203.0.113.1, client 198.51.100.2: credit for 18.00 of 19.00 packets",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := ifacerate.New(*tc.settings, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			p := message(1, 2, time.Second)
			expect := func(want string) {
				t.Helper()
				p.Decode()
				p.Clock = p.Time
				if got := f.(pipeline.Explainer).Explain(&p); got != want {
					t.Errorf("explanation %q, want %q", got, want)
				}
			}
			expect(tc.before)
			if got := pipelinetest.Decide(f, &p); got != pipeline.Pass {
				t.Fatalf("reason %d", got)
			}
			expect(tc.after)
		})
	}
}

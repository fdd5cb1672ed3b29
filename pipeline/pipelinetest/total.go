package pipelinetest

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// testTotal compares the decisions of a total that is asked first with those of one that is
// not, about many packets at the same time. Those that it refuses it must not be asked about
// again.
func (f filterTest) testTotal(t *testing.T) {
	early, ok := f.open(t).(pipeline.TotalLimiter)
	if !ok {
		t.Skip("the filter is no total")
	}
	plain := f.open(t)
	packets := Packets()
	for i := range packets {
		prepare(&packets[i])
	}
	early.Foresee(packets)
	for i := range packets {
		p := &packets[i]
		want, got := Decide(plain, p), early.FilterEarly(p, i)
		if got == pipeline.Pass {
			got = Decide(early, p)
		}
		if got != want {
			t.Fatalf("packet %d: reason %d, but %d if the filter is asked first", i, want, got)
		}
	}
}

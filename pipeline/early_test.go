package pipeline_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// total refuses packets of an odd time stamp, if it is asked early: what it refuses then it
// must not be asked about again.
type total struct {
	foreseen []pipeline.Packet
	early    int // how often it was asked
	charged  int
	panics   bool
}

func (*total) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

func (t *total) Charge(*pipeline.Packet) { t.charged++ }

func (t *total) Foresee(batch []pipeline.Packet) {
	if t.panics {
		panic("boom")
	}
	t.foreseen = slices.Clone(batch)
}

func (t *total) FilterEarly(p *pipeline.Packet, i int) pipeline.Reason {
	t.early++
	if f := t.foreseen[i]; f.Time != p.Time || f.Clock != p.Clock || f.PTB != p.PTB {
		panic("another packet than was foreseen, or one that was not decoded")
	}
	return pipeline.Reason(p.Time & 1)
}

func (*total) SaturatedUntil(pipeline.Instant) (all, newcomers pipeline.Instant, r pipeline.Reason) {
	return 0, 0, 0
}

// TestTotalIsAskedFirst has a total behind a filter that refuses every fourth packet: all
// that the total refuses, the filter does not see.
func TestTotalIsAskedFirst(t *testing.T) {
	const crowd = 16
	for _, tc := range []struct {
		name     string
		packets  int
		lossless bool
		drops    bool // the sink wants what is dropped
		early    int  // how often the total is asked first
	}{
		{"few", crowd - 1, false, false, 0},
		{"just enough", crowd, false, false, crowd},
		{"many", 3 * crowd, false, false, 3 * crowd},
		{"from a source that waits", crowd, true, false, 0},
		{"to an observer", crowd, false, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			packets := messages(tc.packets)
			for i := range packets {
				packets[i].Time = packets[0].Time&^3 + pipeline.Instant(i)
			}
			of, seen := new(total), 0
			fourth := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
				seen++
				return pipeline.Reason(p.Time & 3 / 3)
			}}
			src := live("in", source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
				deliver(packets)
				return nil
			}})
			src.Plugin.Lossless = tc.lossless
			c := mustRun(t, pipeline.Spec{
				Sources: []pipeline.Stage{src},
				Filters: []pipeline.Stage{filterStage("fourth", fourth, "fourth"), filterStage("total", of, "odd")},
				Sinks:   []pipeline.SinkStage{sinkStage("out", sink{drops: tc.drops})},
			})
			odd, rest := tc.early/2, tc.packets-tc.early/2
			dropped := 0
			if tc.early == 0 {
				dropped = tc.packets / 4
			}
			got := []uint64{c.Received, packetsWith(c.Dropped[0].Reasons, "fourth"), packetsWith(c.Dropped[1].Reasons, "odd"), c.Forwarded}
			want := []uint64{uint64(tc.packets), uint64(dropped), uint64(odd), uint64(rest - dropped)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("received, dropped, dropped by the total, forwarded (-want +got):\n%s", diff)
			}
			if of.early != tc.early || seen != rest || of.charged != rest-dropped {
				t.Errorf("asked first %d times, want %d; the filter saw %d packets, want %d; charged %d times", of.early, tc.early, seen, rest, of.charged)
			}
		})
	}
}

// TestTotalPanics keeps the books when a total panics at the sight of many packets.
func TestTotalPanics(t *testing.T) {
	c, err := run(t, pipeline.Spec{
		Sources: []pipeline.Stage{live("in", source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
			deliver(messages(20))
			return nil
		}})},
		Filters: []pipeline.Stage{filterStage("total", &total{panics: true}, "odd")},
	})
	if err == nil || c.Received != 1 || packetsWith(c.Dropped[0].Reasons, "panic") != 1 {
		t.Errorf("error %v, counters %+v", err, c)
	}
}

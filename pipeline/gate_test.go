package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// gatekeeper lets one packet pass, and then none up to a time; and it need not see newcomers for
// 500 ns.
type gatekeeper struct {
	until   pipeline.Instant
	charged bool
}

func (g *gatekeeper) Filter(p *pipeline.Packet) pipeline.Reason {
	if g.charged && p.Clock < g.until {
		return 1
	}
	return pipeline.Pass
}

func (g *gatekeeper) Charge(*pipeline.Packet) { g.charged = true }

func (*gatekeeper) Foresee([]pipeline.Packet) {}

func (g *gatekeeper) FilterEarly(p *pipeline.Packet, _ int) pipeline.Reason { return g.Filter(p) }

func (g *gatekeeper) SaturatedUntil(now pipeline.Instant) (all, newcomers pipeline.Instant, r pipeline.Reason) {
	if !g.charged {
		return 0, 0, 1
	}
	return g.until, now + 500, 1
}

// saturation is what a source is given of the pipeline's.
type saturation struct {
	SaturatedFor func() (all, newcomers time.Duration)
	Refuse       func(n int, last pipeline.Instant)
}

// gateSource delivers what it is told to, and uses its gate.
type gateSource struct {
	source
	gate *saturation
	run  func(gate *saturation, deliver func([]pipeline.Packet))
}

func (s *gateSource) Run(_ context.Context, deliver func([]pipeline.Packet)) error {
	s.run(s.gate, deliver)
	return nil
}

// runGated runs a pipeline whose second filter is the gatekeeper.
func runGated(t *testing.T, g pipeline.Filter, s sink, run func(*saturation, func([]pipeline.Packet))) pipeline.Counters {
	t.Helper()
	return runGatedSpec(t, pipeline.Spec{}, g, s, run)
}

// runGatedSpec is like runGated, with what spec says besides the stages.
func runGatedSpec(t *testing.T, spec pipeline.Spec, g pipeline.Filter, s sink, run func(*saturation, func([]pipeline.Packet))) pipeline.Counters {
	t.Helper()
	p, err := pipeline.New(pipeline.Spec{
		Name:    "p",
		Watcher: spec.Watcher,
		Sources: []pipeline.Stage{{Plugin: pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
			Type: "gate-source",
			New: func(_ struct{}, env pipeline.Env) (pipeline.Source, error) {
				return &gateSource{gate: &saturation{env.SaturatedFor, env.CountRefused}, run: run}, nil
			},
		})}},
		Filters: []pipeline.Stage{filterStage("first", filter{}, "never"), filterStage("keeper", g, "shut")},
		Sinks:   []pipeline.SinkStage{sinkStage("out", s)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p.Counters()
}

func TestGate(t *testing.T) {
	packets := messages(2)
	until := packets[0].Time + 1000
	c := runGated(t, &gatekeeper{until: until}, sink{}, func(gate *saturation, deliver func([]pipeline.Packet)) {
		want := func(all, newcomers time.Duration) {
			t.Helper()
			if a, n := gate.SaturatedFor(); a != all || n != newcomers {
				t.Errorf("shut for all for %v, for newcomers for %v; want %v, %v", a, n, all, newcomers)
			}
		}
		want(0, 0)
		deliver(packets[:1])
		want(1000, 500)
		gate.Refuse(7, until-1)
		want(1, 500)
		packets[1].Time = until
		deliver(packets[1:])
		want(0, 500)
	})
	if c.Received != 9 || c.Forwarded != 2 || c.Sources[0].Received != 9 || c.Sinks[0].Delivered != 2 {
		t.Errorf("counters %+v", c)
	}
	want := []pipeline.ReasonCount{{Reason: "shut", Packets: 7}, {Reason: "undeclared"}, {Reason: "panic"}}
	if diff := cmp.Diff(want, c.Dropped[1].Reasons); diff != "" {
		t.Errorf("dropped by the gatekeeper (-want +got):\n%s", diff)
	}
}

// TestGateStaysOpen: for a sink that wants to see what is dropped, and without a
// gatekeeper.
func TestGateStaysOpen(t *testing.T) {
	packet := messages(1)
	for _, tc := range []struct {
		name   string
		filter pipeline.Filter
		sink   sink
	}{
		{"observer", &gatekeeper{until: packet[0].Time + 1000}, sink{drops: true}},
		{"no gatekeeper", filter{}, sink{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			runGated(t, tc.filter, tc.sink, func(gate *saturation, deliver func([]pipeline.Packet)) {
				deliver(packet)
				if gate.SaturatedFor != nil || gate.Refuse != nil {
					t.Error("the source can shut it")
				}
			})
		})
	}
}

// TestGateOfSteppedClock has time stamps that step back, by so little that the pipeline's clock
// waits for them, and by more: the gate is shut for as long as otherwise.
func TestGateOfSteppedClock(t *testing.T) {
	for _, back := range []pipeline.Instant{5e9, 3600e9} {
		testGateOfSteppedClock(t, back)
	}
}

func testGateOfSteppedClock(t *testing.T, back pipeline.Instant) {
	packets := messages(2)
	begin := packets[0].Time
	packets[1].Time = begin - back
	g := &gatekeeper{until: begin + 1000}
	runGated(t, g, sink{}, func(gate *saturation, deliver func([]pipeline.Packet)) {
		deliver(packets)
		if all, newcomers := gate.SaturatedFor(); all != 1000 || newcomers != 500 {
			t.Errorf("shut for %v, for newcomers for %v, want 1000, 500", all, newcomers)
		}
	})
}

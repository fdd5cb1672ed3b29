package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// TestReach checks which packets a sink gets by how far its own get.
func TestReach(t *testing.T) {
	captured, relayed, injected := messages(1)[0], messages(1)[0], messages(1)[0]
	relayed.Origin = pipeline.OriginRelay
	injected.Data = append([]byte(nil), injected.Data...)
	copy(injected.Data[6:], linklayer.InjectedMAC[:])
	cut := injected
	cut.Data = cut.Data[:12] // as far as the sender
	known := messages(1)[0]
	known.Origin = pipeline.OriginInjected

	for _, tt := range []struct {
		name              string
		reach             pipeline.Reach
		injected, relayed uint64 // refused
		delivered         uint64
		failed            bool // reasons of the engine are among those of the sink
	}{
		{name: "none", reach: pipeline.Reach(0), delivered: 5},
		{name: "host", reach: pipeline.ReachHost, delivered: 2, injected: 3, failed: true},
		{name: "network", reach: pipeline.ReachNetwork, delivered: 1, injected: 3, relayed: 1, failed: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := sinkStage("out", sink{})
			s.Plugin.Reach, s.Plugin.Reasons = tt.reach, nil
			spec := pipeline.Spec{
				Name: "test", Sinks: []pipeline.SinkStage{s},
				Sources: []pipeline.Stage{live("in", source{run: deliverAll([]pipeline.Packet{captured, relayed, injected, cut, known})})},
			}
			c := mustRun(t, spec)
			checkCounters(t, spec, c)
			if c.Sinks[0].Delivered != tt.delivered {
				t.Errorf("delivered %d, want %d", c.Sinks[0].Delivered, tt.delivered)
			}
			want := []pipeline.ReasonCount{{Reason: "undeclared"}, {Reason: "panic"}}
			if tt.failed {
				want = append(want,
					pipeline.ReasonCount{Reason: "injected", Packets: tt.injected},
					pipeline.ReasonCount{Reason: "relayed", Packets: tt.relayed})
			}
			if diff := cmp.Diff(want, c.Sinks[0].Failed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestArrived gives a network sink packets that have the content of one that a relay handed
// over, as when it was injected and captured again.
func TestArrived(t *testing.T) {
	again, other := messages(2)[0], messages(2)[1]
	arrived := seen.Recent()
	again.Decode()
	raw := again
	raw.Data, raw.LinkType = again.Data[again.Network:], linklayer.Raw
	ip := append([]byte(nil), again.Data[again.Network:]...)
	ip[8] -= 5 // TTL
	arrived.Add(arrived.Packet(ip), int64(again.Time))
	for _, tt := range []struct {
		reach     pipeline.Reach
		delivered uint64
	}{{pipeline.Reach(0), 3}, {pipeline.ReachHost, 3}, {pipeline.ReachNetwork, 1}} {
		s := sinkStage("out", sink{})
		s.Plugin.Reach = tt.reach
		spec := pipeline.Spec{
			Name: "test", Sinks: []pipeline.SinkStage{s}, Arrived: arrived,
			Sources: []pipeline.Stage{live("in", source{run: deliverAll([]pipeline.Packet{again, raw, other})})},
		}
		c := mustRun(t, spec)
		checkCounters(t, spec, c)
		if got := c.Sinks[0].Delivered; got != tt.delivered {
			t.Errorf("reach %d: delivered %d, want %d", tt.reach, got, tt.delivered)
		}
	}
}

// TestArrivedAfterStep sets the host's clock back before a message arrives and is captured
// again.
func TestArrivedAfterStep(t *testing.T) {
	for _, step := range []time.Duration{0, time.Second, 5 * time.Second, time.Hour} {
		first, again := messages(2)[0], messages(2)[1]
		again.Time = first.Time - pipeline.Instant(step)
		again.Decode()
		arrived := seen.Recent()
		arrived.Add(arrived.Packet(again.Data[again.Network:]), int64(again.Time))
		s := sinkStage("out", sink{})
		s.Plugin.Reach = pipeline.ReachNetwork
		c := mustRun(t, pipeline.Spec{
			Name: "test", Sinks: []pipeline.SinkStage{s}, Arrived: arrived,
			Sources: []pipeline.Stage{live("in", source{run: deliverAll([]pipeline.Packet{first, again})})},
		})
		if got := c.Sinks[0].Delivered; got != 1 {
			t.Errorf("step back by %v: delivered %d, want 1", step, got)
		}
	}
}

// TestReaches asks pipelines with one sink how far what they send gets.
func TestReaches(t *testing.T) {
	for _, reach := range []pipeline.Reach{0, pipeline.ReachHost, pipeline.ReachNetwork} {
		s := sinkStage("out", sink{})
		s.Plugin.Reach = reach
		p, err := pipeline.New(pipeline.Spec{Name: "test", Sources: []pipeline.Stage{live("in", source{})}, Sinks: []pipeline.SinkStage{s}})
		if err != nil {
			t.Fatal(err)
		}
		for _, asked := range []pipeline.Reach{pipeline.ReachHost, pipeline.ReachNetwork} {
			if got := p.Reaches(asked); got != (asked == reach) {
				t.Errorf("reach %d: reaches %d: %v", reach, asked, got)
			}
		}
		if p.Name() != "test" {
			t.Errorf("name %q", p.Name())
		}
	}
}

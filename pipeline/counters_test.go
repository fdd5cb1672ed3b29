package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// checkCounters checks the sums of the package's documentation, which hold at any
// time.
func checkCounters(t *testing.T, spec pipeline.Spec, c pipeline.Counters) {
	t.Helper()
	var received uint64
	for _, s := range c.Sources {
		received += s.Received
	}
	if c.Received != received {
		t.Errorf("received %d, but the sources %d", c.Received, received)
	}
	if dropped := stageSum(c.Dropped); c.Received != c.Forwarded+dropped {
		t.Errorf("received %d, forwarded %d + dropped %d", c.Received, c.Forwarded, dropped)
	}
	for i, s := range c.Sinks {
		offered := c.Forwarded
		if observes(t, spec.Sinks[i]) {
			offered = c.Received
		}
		if s.Offered != offered {
			t.Errorf("sink %s: offered %d, want %d", s.Sink, s.Offered, offered)
		}
		sum := stageSum(s.Dropped) + s.Delivered + reasonSum(s.Failed) + reasonSum(s.Shed) + s.Queued
		if s.Offered != sum {
			t.Errorf("sink %s: offered %d, accounted for %d: %+v", s.Sink, s.Offered, sum, s)
		}
		if delays := valueSum(s.Delay); s.Delay.Bounds != nil && delays != s.Delivered {
			t.Errorf("sink %s: delivered %d, but %d with a delay", s.Sink, s.Delivered, delays)
		}
		if s.Waiting > s.QueueSize || s.Waiting > s.Queued {
			t.Errorf("sink %s: %d waiting of %d queued, room for %d", s.Sink, s.Waiting, s.Queued, s.QueueSize)
		}
	}
	if mtus := valueSum(c.MTUs4) + valueSum(c.MTUs6); mtus > c.Forwarded {
		t.Errorf("forwarded %d, but %d with an MTU", c.Forwarded, mtus)
	}
}

// valueSum returns the number of values in a histogram.
func valueSum(h pipeline.Histogram) (sum uint64) {
	for _, n := range h.Counts {
		sum += n
	}
	return sum
}

// checkEmpty checks that nothing is queued any more.
func checkEmpty(t *testing.T, c pipeline.Counters) {
	t.Helper()
	for _, s := range c.Sinks {
		if s.Queued != 0 {
			t.Errorf("sink %s: %d still queued", s.Sink, s.Queued)
		}
	}
}

func observes(t *testing.T, s pipeline.SinkStage) bool {
	t.Helper()
	settings := s.Settings
	if settings == nil {
		settings = s.Plugin.NewSettings()
	}
	built, err := s.Plugin.Build(settings, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	o, ok := built.(pipeline.HostUser)
	return ok && o.Needs().Drops
}

func stageSum(stages []pipeline.StageCount) (sum uint64) {
	for _, s := range stages {
		sum += reasonSum(s.Reasons)
	}
	return sum
}

func reasonSum(reasons []pipeline.ReasonCount) (sum uint64) {
	for _, r := range reasons {
		sum += r.Packets
	}
	return sum
}

// reasonOf returns the number of packets with a reason of a stage.
func reasonOf(stages []pipeline.StageCount, stage, reason string) uint64 {
	for _, s := range stages {
		if s.Stage == stage {
			return packetsWith(s.Reasons, reason)
		}
	}
	return 0
}

func packetsWith(reasons []pipeline.ReasonCount, reason string) uint64 {
	for _, r := range reasons {
		if r.Reason == reason {
			return r.Packets
		}
	}
	return 0
}

func TestCountersOfEveryReason(t *testing.T) {
	byMTU := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		mtu, _ := p.MTU()
		return pipeline.Reason(mtu - 1000)
	}}
	failing := sink{drops: true, deliver: func(batch []*pipeline.Packet, failed []pipeline.Reason) {
		for i, p := range batch {
			mtu, _ := p.MTU()
			failed[i] = pipeline.Reason(mtu - 1000)
		}
	}}
	got := mustRun(t, pipeline.Spec{
		Name:    "edge",
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(5))})},
		Filters: []pipeline.Stage{filterStage("", byMTU, "one", "two")},
		Sinks:   []pipeline.SinkStage{sinkStage("out", failing)},
	})
	want := pipeline.Counters{
		Pipeline: "edge", Received: 5, Forwarded: 1, ReceivedBytes: 5 * 142, ForwardedBytes: 142,
		Dropped: []pipeline.StageCount{{Stage: "test-filter", Reasons: []pipeline.ReasonCount{
			{"one", 1}, {"two", 1}, {"undeclared", 2}, {"panic", 0},
		}}},
		Sources: []pipeline.SourceCount{{Source: "in", Received: 5, Bytes: 5 * 142}},
		Sinks: []pipeline.SinkCount{{
			Sink: "out", Offered: 5, Delivered: 1,
			Failed: []pipeline.ReasonCount{
				{"one", 1}, {"two", 1}, {"three", 1}, {"undeclared", 1}, {"panic", 0},
			},
			Shed:      []pipeline.ReasonCount{{"queue-full", 0}, {"too-old", 0}, {"stopped", 0}},
			QueueSize: pipeline.DefaultQueueSize,
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(pipeline.Histogram{})); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// TestFailureOfOneBatch has a sink fail for the first batch only: it need not say anything of the
// packets of the next one.
func TestFailureOfOneBatch(t *testing.T) {
	batches := 0
	failing := sink{deliver: func(_ []*pipeline.Packet, failed []pipeline.Reason) {
		if batches++; batches == 1 {
			failed[0] = 1
		}
	}}
	out := sinkStage("out", failing)
	out.QueueSize = 1 // so that each packet is a batch
	got := mustRun(t, pipeline.Spec{
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(5))})},
		Sinks:   []pipeline.SinkStage{out},
	})
	if s := got.Sinks[0]; s.Delivered != 4 || reasonSum(s.Failed) != 1 || batches != 5 {
		t.Errorf("%d delivered, %d failed in %d batches", s.Delivered, reasonSum(s.Failed), batches)
	}
}

type lossySource struct{ source }

func (lossySource) Lost() uint64 { return 7 }

func TestCountersOfLostPackets(t *testing.T) {
	plugin := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "lossy",
		New:  func(struct{}, pipeline.Env) (pipeline.Source, error) { return lossySource{}, nil },
	})
	c := mustRun(t, pipeline.Spec{Sources: []pipeline.Stage{{Plugin: plugin}}})
	if diff := cmp.Diff([]pipeline.SourceCount{{Source: "lossy", Lost: 7}}, c.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

// TestCountersBalance runs random pipelines and checks their counters all the while.
// The stages count what they decided, and the engine must have counted the same.
func TestCountersBalance(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 15
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := newRandomPipeline(uint64(seed))
			spec := r.spec()
			p, err := pipeline.New(spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			r.stop = cancel
			var watching sync.WaitGroup
			ended := make(chan struct{})
			watching.Go(func() {
				for {
					checkCounters(t, spec, p.Counters())
					select {
					case <-ended:
						return
					default:
						runtime.Gosched()
					}
				}
			})
			err = p.Run(ctx)
			close(ended)
			watching.Wait()
			cancel()
			if wantPanic := r.panicked.Load(); (err != nil) != wantPanic {
				t.Errorf("run: %v, a stage panicked: %v", err, wantPanic)
			}
			if err != nil && !strings.Contains(err.Error(), "panic: at random") {
				t.Errorf("run: %v", err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			c := p.Counters()
			checkCounters(t, spec, c)
			checkEmpty(t, c)
			r.check(t, c)
		})
	}
}

func TestCountersBalanceAfterFailedOpen(t *testing.T) {
	c, err := run(t, pipeline.Spec{
		Sources: []pipeline.Stage{live("in", source{open: func() error { return errBroken }})},
		Sinks:   []pipeline.SinkStage{sinkStage("out", sink{})},
	})
	if !errors.Is(err, errBroken) {
		t.Errorf("error %v, want %v", err, errBroken)
	}
	if c.Received != 0 {
		t.Errorf("received %d", c.Received)
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 77)) }

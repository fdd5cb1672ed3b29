package pcap_test

import (
	"context"
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/pcap"
)

// asked is a filter that counts how often it is asked.
type asked struct{ n *int }

func (a asked) Filter(*pipeline.Packet) pipeline.Reason {
	*a.n++
	return pipeline.Pass
}

// forwarded is a sink that keeps the packets' time stamps.
type forwarded struct{ at *[]pipeline.Instant }

func (forwarded) Open(context.Context) error { return nil }

func (f forwarded) Deliver(batch []*pipeline.Packet, _ []pipeline.Reason) {
	for _, p := range batch {
		*f.at = append(*f.at, p.Time)
	}
}

func (forwarded) Flush()       {}
func (forwarded) Close() error { return nil }

// gated is a pipeline from eth0 to where its packets are counted.
type gated struct {
	pipeline *pipeline.Pipeline
	asked    int                // packets that the filters looked at
	at       []pipeline.Instant // of those that were forwarded
}

func newGated(t *testing.T, rate float64, change ...func(*pcap.Settings)) *gated {
	t.Helper()
	g := new(gated)
	settings := on(change...)
	total := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	total.Rate, total.Burst = rate, 1
	spec := pipeline.Spec{
		Name:    "gated",
		Sources: []pipeline.Stage{{Plugin: pcap.Plugin(), Settings: &settings}},
		Filters: []pipeline.Stage{
			{Plugin: icmpptb.Plugin()},
			{Plugin: pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
				Type: "asked",
				New:  func(struct{}, pipeline.Env) (pipeline.Filter, error) { return asked{&g.asked}, nil },
			})},
			{Plugin: ifacerate.Plugin(), Settings: total},
		},
		Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "forwarded",
			New:  func(struct{}, pipeline.Env) (pipeline.Sink, error) { return forwarded{&g.at}, nil },
		})}}},
	}
	var err error
	g.pipeline, err = pipeline.New(spec)
	netns.Must(t, err)
	return g
}

// TestGate floods a pipeline that lets five packets a second pass: nearly all are
// counted without a look at them, the counters hold every one, and the limit is kept as
// it would be without a gate. A packet that comes when the flood has ended and the
// limit has room is forwarded.
func TestGate(t *testing.T) {
	lan := newLAN(t)
	g := newGated(t, 5)
	netns.Must(t, lan.host.Do(func() error { return g.pipeline.Open(t.Context()) }))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.pipeline.Run(ctx) }()

	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	send := sender(t, lan.wire)
	sent := 0
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); sent++ {
		send(ptb)
	}
	await := func(what string, reached func(pipeline.Counters) bool) pipeline.Counters {
		t.Helper()
		for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
			c := g.pipeline.Counters()
			if reached(c) {
				return c
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d sent, counters %+v", what, sent, c)
			}
		}
	}
	flood := await("the flood is not in the counters", func(c pipeline.Counters) bool {
		return c.Received+c.Sources[0].Lost >= uint64(sent)
	})
	await("nothing passes after the flood", func(c pipeline.Counters) bool {
		send(ptb)
		sent++
		return c.Forwarded > flood.Forwarded
	})
	c := await("the rest is not in the counters", func(c pipeline.Counters) bool {
		return c.Received+c.Sources[0].Lost >= uint64(sent)
	})
	cancel()
	netns.Must(t, <-done, g.pipeline.Close())

	dropped := c.Dropped[2].Reasons[0].Packets
	if c.Received+c.Sources[0].Lost != uint64(sent) || c.Received != c.Forwarded+dropped {
		t.Errorf("%d sent, %d received, %d lost, %d forwarded, %d rate-limited", sent, c.Received, c.Sources[0].Lost, c.Forwarded, dropped)
	}
	if g.asked*2 > sent {
		t.Errorf("the filters looked at %d packets of %d", g.asked, sent)
	}
	for i := 1; i < len(g.at); i++ {
		if gap := time.Duration(g.at[i] - g.at[i-1]); gap < 200*time.Millisecond {
			t.Errorf("forwarded after %v; the rate is 5 packets per second", gap)
		}
	}
	if len(g.at) < 7 {
		t.Errorf("%d forwarded in 1.5 s and after, want at least 7", len(g.at))
	}
}

// TestGateSurvivesTheInterface deletes the interface while the gate is shut.
func TestGateSurvivesTheInterface(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	lan := newLAN(t)
	g := newGated(t, 0.5)
	netns.Must(t, lan.host.Do(func() error { return g.pipeline.Open(t.Context()) }))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.pipeline.Run(ctx) }()
	flood := func() {
		ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
		send := sender(t, lan.wire)
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
			send(ptb)
		}
	}
	flood()
	netns.Must(t, lan.host.Delete("eth0"))
	lan.connect(t)
	for before, deadline := g.pipeline.Counters().Forwarded, time.Now().Add(timeout); ; {
		flood()
		if g.pipeline.Counters().Forwarded > before {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing passes any more: %+v", g.pipeline.Counters())
		}
	}
	cancel()
	netns.Must(t, <-done, g.pipeline.Close())
}

// TestGateOfADeletedInterface deletes the interface while a crowd still waits for the
// end of its block's time: nothing is left for a gate to keep out, and the source has
// to look for the interface's successor.
func TestGateOfADeletedInterface(t *testing.T) {
	lan := newLAN(t)
	g := newGated(t, 0.5, func(s *pcap.Settings) { s.Latency = 300 * time.Millisecond })
	netns.Must(t, lan.host.Do(func() error { return g.pipeline.Open(t.Context()) }))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.pipeline.Run(ctx) }()
	await := func(what string, reached func(pipeline.Counters) bool) {
		t.Helper()
		for deadline := time.Now().Add(timeout); !reached(g.pipeline.Counters()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v", what, g.pipeline.Counters())
			}
		}
	}
	const crowd = 200
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	send := sender(t, lan.wire)
	for range crowd {
		send(ptb)
	}
	netns.Must(t, lan.host.Delete("eth0"))
	await("the crowd does not come", func(c pipeline.Counters) bool { return c.Received == crowd })
	lan.connect(t)
	send = sender(t, lan.wire)
	ptb = pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	await("nothing is received any more", func(c pipeline.Counters) bool {
		send(ptb)
		return c.Received > crowd
	})
	cancel()
	netns.Must(t, <-done, g.pipeline.Close())
}

package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmtud/pmtud/pipeline"
)

// TestPanicStopsThePipeline checks, for each method of each stage, that a panic in
// it ends the pipeline with an error that names the stage, leaves nothing running
// (synctest sees to that) and leaves the counters balanced.
func TestPanicStopsThePipeline(t *testing.T) {
	at := func(mtu uint32) func(p *pipeline.Packet) {
		return func(p *pipeline.Packet) {
			if got, _ := p.MTU(); got == mtu {
				panic("boom")
			}
		}
	}
	filterAt := func(mtu uint32) filter {
		return filter{filter: func(p *pipeline.Packet) pipeline.Reason {
			at(mtu)(p)
			return pipeline.Pass
		}}
	}
	in := source{run: untilDone(messages(10))}
	for _, tc := range []struct {
		name  string
		spec  pipeline.Spec
		want  string // begin of the error
		count func(c pipeline.Counters) bool
	}{
		{
			"source",
			pipeline.Spec{Sources: []pipeline.Stage{
				live("other", in),
				live("bad", source{run: func(context.Context, func([]pipeline.Packet)) error { panic("boom") }}),
			}},
			"source bad: panic: boom",
			func(c pipeline.Counters) bool { return c.Forwarded == 10 },
		},
		{
			"filter",
			pipeline.Spec{
				Sources: []pipeline.Stage{live("in", in)},
				Filters: []pipeline.Stage{filterStage("good", filter{}), filterStage("bad", filterAt(1004))},
			},
			"filter bad: panic: boom",
			func(c pipeline.Counters) bool {
				return c.Received == 5 && c.Forwarded == 4 && reasonOf(c.Dropped, "bad", "panic") == 1
			},
		},
		{
			"charge",
			pipeline.Spec{
				Sources: []pipeline.Stage{live("in", in)},
				Filters: []pipeline.Stage{
					filterStage("bad", limiter{filter{}, at(1004)}), filterStage("good", filter{}),
				},
			},
			"filter bad: panic: boom",
			func(c pipeline.Counters) bool {
				return c.Received == 5 && c.Forwarded == 4 && reasonOf(c.Dropped, "bad", "panic") == 1
			},
		},
		{
			"filter of a sink",
			pipeline.Spec{
				Sources: []pipeline.Stage{live("in", in)},
				Sinks: []pipeline.SinkStage{
					sinkStage("before", sink{}), sinkStage("out", sink{}, filterStage("bad", filterAt(1004))), sinkStage("after", sink{}),
				},
			},
			"filter bad: panic: boom",
			func(c pipeline.Counters) bool {
				return c.Forwarded == 5 && reasonOf(c.Sinks[1].Dropped, "bad", "panic") == 1 &&
					c.Sinks[0].Delivered == 5 && packetsWith(c.Sinks[2].Shed, "stopped") == 1
			},
		},
		{
			"filter before an observer",
			pipeline.Spec{
				Sources: []pipeline.Stage{live("in", in)},
				Filters: []pipeline.Stage{filterStage("bad", filterAt(1004))},
				Sinks:   []pipeline.SinkStage{sinkStage("out", sink{drops: true})},
			},
			"filter bad: panic: boom",
			func(c pipeline.Counters) bool {
				return c.Sinks[0].Offered == 5 && packetsWith(c.Sinks[0].Shed, "stopped") == 1
			},
		},
		{
			"deliver",
			pipeline.Spec{
				Sources: []pipeline.Stage{live("in", in)},
				Sinks: []pipeline.SinkStage{
					sinkStage("good", sink{}),
					sinkStage("bad", sink{deliver: func([]*pipeline.Packet, []pipeline.Reason) { panic("boom") }}),
				},
			},
			"sink bad: panic: boom",
			func(c pipeline.Counters) bool {
				return c.Sinks[0].Delivered == 10 && packetsWith(c.Sinks[1].Failed, "panic") == 10
			},
		},
		{
			"flush",
			pipeline.Spec{
				Sources: []pipeline.Stage{live("in", in)},
				Sinks:   []pipeline.SinkStage{sinkStage("bad", sink{flush: func() { panic("boom") }})},
			},
			"sink bad: panic: boom",
			func(c pipeline.Counters) bool { return c.Sinks[0].Delivered == 10 },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := run(t, tc.spec)
				if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				if !tc.count(c) {
					t.Errorf("counters %+v", c)
				}
			})
		})
	}
}

// TestPanicOfASinkFilterIsNoVerdict checks that other sinks see the pipeline's
// verdict about a packet at which one sink's filter panicked.
func TestPanicOfASinkFilterIsNoVerdict(t *testing.T) {
	var verdicts []pipeline.Verdict
	show := sink{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		for _, p := range batch {
			verdicts = append(verdicts, p.Verdict)
		}
	}}
	bad := filter{filter: func(*pipeline.Packet) pipeline.Reason { panic("boom") }}
	if _, err := run(t, pipeline.Spec{
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(1))})},
		Sinks:   []pipeline.SinkStage{sinkStage("good", show), sinkStage("out", sink{}, filterStage("bad", bad))},
	}); err == nil {
		t.Error("no error")
	}
	if len(verdicts) != 1 || !verdicts[0].Forward() {
		t.Errorf("verdicts %v, want one that forwards", verdicts)
	}
}

func TestPanicLeavesOtherPipelinesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		good := start(ctx, t, pipeline.Spec{Sources: []pipeline.Stage{live("in", source{run: untilDone(messages(3))})}})
		bad := start(ctx, t, pipeline.Spec{
			Sources: []pipeline.Stage{live("in", source{run: untilDone(messages(3))})},
			Filters: []pipeline.Stage{filterStage("bad", filter{filter: func(*pipeline.Packet) pipeline.Reason { panic("boom") }})},
		})
		synctest.Wait()
		if err := <-bad.done; err == nil {
			t.Error("the bad pipeline ended without an error")
		}
		select {
		case err := <-good.done:
			t.Errorf("the good pipeline ended: %v", err)
		default:
		}
		cancel()
		if err := <-good.done; err != nil {
			t.Error(err)
		}
	})
}

// figures is a source that panics when it is asked for a figure.
type figures struct {
	source
	lost, measure func()
}

func (f figures) Lost() uint64 { f.lost(); return 0 }

func (f figures) Measure(func(metric int, label string, value float64)) { f.measure() }

// TestPanicOfAFigure asks for figures of a pipeline, of which one panics: who asks is
// none of the pipeline's goroutines, and must not be taken along.
func TestPanicOfAFigure(t *testing.T) {
	boom, fine := func() { panic("boom") }, func() {}
	for name, tc := range map[string]struct {
		lost, measure func()
		ask           func(*pipeline.Pipeline)
	}{
		"lost":    {boom, fine, func(p *pipeline.Pipeline) { p.Counters() }},
		"measure": {fine, boom, func(p *pipeline.Pipeline) { p.Measure(func(pipeline.Measurement) {}) }},
	} {
		t.Run(name, func(t *testing.T) {
			stage := live("bad", figures{source{run: untilDone(messages(3))}, tc.lost, tc.measure})
			stage.Plugin.Metrics = []pipeline.MetricInfo{{Name: "n", Doc: "a figure"}}
			spec := pipeline.Spec{Sources: []pipeline.Stage{stage}}
			synctest.Test(t, func(t *testing.T) {
				p := start(t.Context(), t, spec)
				synctest.Wait()
				tc.ask(p.Pipeline)
				if err := <-p.done; err == nil || !strings.HasPrefix(err.Error(), "source bad: panic: boom") {
					t.Errorf("error %v", err)
				}
				tc.ask(p.Pipeline) // once more, of one that has ended
			})
			synctest.Test(t, func(t *testing.T) {
				p, err := pipeline.New(spec)
				if err != nil {
					t.Fatal(err)
				}
				tc.ask(p)
				if err := p.Run(t.Context()); err == nil {
					t.Error("no error of a pipeline that failed before it ran")
				}
			})
		})
	}
}

// running is a pipeline that runs.
type running struct {
	*pipeline.Pipeline
	done chan error
}

func start(ctx context.Context, t *testing.T, spec pipeline.Spec) running {
	t.Helper()
	p, err := pipeline.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Open(ctx); err != nil {
		t.Fatal(err)
	}
	r := running{p, make(chan error, 1)}
	go func() { r.done <- p.Run(ctx) }()
	return r
}

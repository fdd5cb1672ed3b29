package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// TestNothingIsTakenAfterAPanic has a second source that delivers when a filter has
// panicked at a packet of the first.
func TestNothingIsTakenAfterAPanic(t *testing.T) {
	asked := 0
	bad := filter{filter: func(*pipeline.Packet) pipeline.Reason {
		if asked++; asked == 3 {
			panic("boom")
		}
		return pipeline.Pass
	}}
	late := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
		<-ctx.Done() // the panic's doing
		deliver(messages(4))
		return nil
	}}
	for _, tc := range []struct {
		name string
		late pipeline.Stage
	}{{"that can't wait", live("late", late)}, {"that can", lossless("late", late)}} {
		t.Run(tc.name, func(t *testing.T) {
			asked = 0
			var got []uint32
			synctest.Test(t, func(t *testing.T) {
				c, err := run(t, pipeline.Spec{
					Sources: []pipeline.Stage{live("in", source{run: deliverAll(messages(5))}), tc.late},
					Filters: []pipeline.Stage{filterStage("bad", bad)},
					Sinks:   []pipeline.SinkStage{sinkStage("out", record(&got))},
				})
				if err == nil {
					t.Error("no error")
				}
				want := []pipeline.SourceCount{{Source: "in", Received: 3, Bytes: 3 * 142}, {Source: "late"}}
				if diff := cmp.Diff(want, c.Sources); diff != "" {
					t.Errorf("sources (-want +got):\n%s", diff)
				}
			})
			if diff := cmp.Diff(count(1000, 2), got); diff != "" {
				t.Errorf("delivered (-want +got):\n%s", diff)
			}
		})
	}
}

// TestQueueOfAnEndedSink has a sink panic while more packets wait than it is given at
// once, and offers it some more when it has ended.
func TestQueueOfAnEndedSink(t *testing.T) {
	const first, later = 600, 7
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		bad := stuck.before(sink{deliver: func([]*pipeline.Packet, []pipeline.Reason) { panic("boom") }})
		in := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
			deliver(messages(first))
			<-ctx.Done() // the panic's doing
			deliver(messages(later))
			return nil
		}}
		spec := pipeline.Spec{Sources: []pipeline.Stage{live("in", in)}, Sinks: []pipeline.SinkStage{sinkStage("bad", bad)}}
		p := start(t.Context(), t, spec)
		synctest.Wait()
		// What is counted depends on how much of the first batch it was given.
		before := p.Counters().Sinks[0]
		given := before.Queued - before.Waiting
		if before.Queued != first || given == 0 || given > 256 {
			t.Errorf("%d queued and %d waiting of %d", before.Queued, before.Waiting, first)
		}
		close(stuck)
		if err := <-p.done; err == nil {
			t.Error("no error")
		}
		c := p.Counters()
		checkCounters(t, spec, c)
		checkEmpty(t, c)
		failed := packetsWith(c.Sinks[0].Failed, "panic")
		stopped := packetsWith(c.Sinks[0].Shed, "stopped")
		if failed != given || stopped != first+later-given || c.Sinks[0].Waiting != 0 {
			t.Errorf("%d failed and %d were stopped, want %d and %d", failed, stopped, given, first+later-given)
		}
	})
}

// TestNothingIsRefusedAfterAPanic has a gate asked and used when a filter has panicked.
func TestNothingIsRefusedAfterAPanic(t *testing.T) {
	var refuse func(int, pipeline.Instant)
	in := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "in", New: func(_ struct{}, env pipeline.Env) (pipeline.Source, error) {
			refuse = env.CountRefused
			return source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
				deliver(messages(2))
				refuse(7, messages(1)[0].Time)
				return nil
			}}, nil
		},
	})
	c, err := run(t, pipeline.Spec{
		Sources: []pipeline.Stage{{Plugin: in}},
		Filters: []pipeline.Stage{
			filterStage("bad", filter{filter: func(*pipeline.Packet) pipeline.Reason { panic("boom") }}),
			filterStage("keeper", &gatekeeper{}, "shut"),
		},
	})
	if err == nil || c.Received != 1 || c.Sources[0].Received != 1 {
		t.Errorf("error %v, counters %+v", err, c)
	}
}

// TestSinkThatIsLeftBehind does not return from a delivery when the pipeline ends. What it
// had, and what waited, is counted as stopped, and stays so when it returns at last.
func TestSinkThatIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		stuck := make(gate)
		closed := false
		slow := stuck.before(sink{close: func() error { closed = true; return nil }})
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{live("in", source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
				deliver(messages(1))
				synctest.Wait() // until the sink has it
				deliver(messages(6))
				<-ctx.Done()
				return nil
			}})},
			Sinks: []pipeline.SinkStage{sinkStage("stuck", slow), sinkStage("good", sink{})},
		}
		p := start(ctx, t, spec)
		time.Sleep(time.Second)
		cancel()
		began := time.Now()
		if err := <-p.done; err == nil || err.Error() != "stop pipeline: stuck for 5s: sink stuck" {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		check := func() {
			t.Helper()
			c := p.Counters()
			checkCounters(t, spec, c)
			checkEmpty(t, c)
			if s := c.Sinks[0]; s.Delivered != 0 || packetsWith(s.Shed, "stopped") != 7 || s.Waiting != 0 {
				t.Errorf("sink %+v", s)
			}
			want := []health{{pipeline.KindSource, "", "in", ""}, {pipeline.KindSink, "", "stuck", "it did not return and was left behind"}, {pipeline.KindSink, "", "good", ""}}
			if diff := cmp.Diff(want, healthOf(p)); diff != "" {
				t.Errorf("health (-want +got):\n%s", diff)
			}
		}
		check()
		if err := p.Close(); err != nil || closed {
			t.Errorf("close: %v; a sink that is still at work was closed: %v", err, closed)
		}
		close(stuck)
		synctest.Wait()
		check()
	})
}

// TestStubbornSource leaves a source behind that goes on delivering after the end.
func TestStubbornSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		closed := false
		stubborn := source{
			run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
				for {
					select {
					case <-release:
						return nil
					case <-time.After(100 * time.Millisecond):
						deliver(messages(1))
					}
				}
			},
			close: func() error { closed = true; return nil },
		}
		p, err := pipeline.New(pipeline.Spec{
			Name: "test", Sources: []pipeline.Stage{live("deaf", stubborn), live("other", source{run: untilDone(nil)})},
			Sinks: []pipeline.SinkStage{sinkStage("out", sink{})},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := p.Open(ctx); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		err = p.Run(ctx)
		if took := time.Since(begin); err == nil || err.Error() != "stop pipeline: stuck for 5s: source deaf" || took != 6*time.Second {
			t.Errorf("run: %v, after %v", err, took)
		}
		if err := p.Close(); err != nil || closed {
			t.Errorf("close: %v; the source that still runs was closed: %v", err, closed)
		}
		before := p.Counters().Received
		time.Sleep(10 * time.Second)
		if now := p.Counters().Received; now != before || before == 0 {
			t.Errorf("%d packets taken, %d in the end", before, now)
		}
	})
}

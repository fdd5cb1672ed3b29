package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"

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
				want := []pipeline.SourceCount{{Source: "in", Received: 3, Octets: 3 * 142}, {Source: "late"}}
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
		checkBooks(t, spec, c)
		checkEmpty(t, c)
		failed := packetsWith(c.Sinks[0].Failed, pipeline.ReasonPanic)
		stopped := packetsWith(c.Sinks[0].Shed, pipeline.ReasonStopped)
		if failed != given || stopped != first+later-given || c.Sinks[0].Waiting != 0 {
			t.Errorf("%d failed and %d were stopped, want %d and %d", failed, stopped, given, first+later-given)
		}
	})
}

package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// TestMaxAge has packets wait for a slow sink, on the bubble's clock: one is captured
// each second, and the sink takes ten for its first batch.
func TestMaxAge(t *testing.T) {
	in := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
		packets := messages(10)
		for i := range packets {
			packets[i].Time = pipeline.InstantOf(time.Now())
			deliver(packets[i : i+1])
			time.Sleep(time.Second)
		}
		return nil
	}}
	for _, tc := range []struct {
		name   string
		source pipeline.Stage
		maxAge time.Duration
		want   []uint32
	}{
		{"any age", live("in", in), 0, count(1000, 10)},
		{"some are too old", live("in", in), 4 * time.Second, append(count(1000, 1), count(1006, 4)...)},
		{"all that waited are too old", live("in", in), time.Nanosecond, count(1000, 1)},
		{"from a source that waits", lossless("in", in), time.Nanosecond, count(1000, 10)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []uint32
				slow := record(&got)
				deliver := slow.deliver
				slow.deliver = func(batch []*pipeline.Packet, failed []pipeline.Reason) {
					if len(batch) == 0 {
						t.Error("a batch without packets")
					}
					deliver(batch, failed)
					if len(got) == 1 {
						time.Sleep(10 * time.Second)
					}
				}
				stage := sinkStage("slow", slow)
				stage.MaxAge = tc.maxAge
				spec := pipeline.Spec{Sources: []pipeline.Stage{tc.source}, Sinks: []pipeline.SinkStage{stage, sinkStage("other", sink{})}}
				c := mustRun(t, spec)
				checkCounters(t, spec, c)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("delivered (-want +got):\n%s", diff)
				}
				if n := packetsWith(c.Sinks[0].Shed, "too-old"); n != uint64(10-len(tc.want)) || c.Sinks[1].Delivered != 10 {
					t.Errorf("%d shed as too old, %d delivered by the other sink", n, c.Sinks[1].Delivered)
				}
			})
		})
	}
}

// TestFlushBeforeTheTooOld has nothing but packets that are too old follow a batch:
// what was delivered must be flushed all the same.
func TestFlushBeforeTheTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr trace
		ctx, cancel := context.WithCancel(t.Context())
		in := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
			packets := messages(600)
			for i := range packets {
				packets[i].Time = pipeline.InstantOf(time.Now())
			}
			deliver(packets)
			<-ctx.Done()
			return nil
		}}
		stage := sinkStage("slow", sink{
			deliver: func([]*pipeline.Packet, []pipeline.Reason) {
				tr = append(tr, "deliver")
				time.Sleep(time.Minute)
			},
			flush: func() { tr = append(tr, "flush") },
		})
		stage.MaxAge = time.Second
		p := start(ctx, t, pipeline.Spec{Sources: []pipeline.Stage{live("in", in)}, Sinks: []pipeline.SinkStage{stage}})
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff(trace{"deliver", "flush"}, tr); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if s := p.Counters().Sinks[0]; s.Queued != 0 || packetsWith(s.Shed, "too-old") != 600-s.Delivered {
			t.Errorf("sink %+v", s)
		}
		cancel()
		if err := <-p.done; err != nil {
			t.Error(err)
		}
	})
}

// TestClockSteps takes packets to a sink with a MaxAge whose time stamps are those of a
// host's clock that was set: only the ones that wait can be misjudged.
func TestClockSteps(t *testing.T) {
	for _, tc := range []struct {
		name string
		step time.Duration // of the time stamps, from the clock at delivery
		want int
	}{
		{"forward, stamped before", -time.Hour, 0},
		{"back, stamped before", time.Hour, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
					packets := messages(6)
					for i := range packets {
						packets[i].Time = pipeline.InstantOf(time.Now())
						if i < 3 {
							packets[i].Time += pipeline.Instant(tc.step)
						}
						deliver(packets[i : i+1])
					}
					return nil
				}}
				stage := sinkStage("out", sink{})
				stage.MaxAge = time.Second
				spec := pipeline.Spec{Sources: []pipeline.Stage{live("in", in)}, Sinks: []pipeline.SinkStage{stage}}
				c := mustRun(t, spec)
				checkCounters(t, spec, c)
				if got := int(c.Sinks[0].Delivered); got != tc.want+3 {
					t.Errorf("%d delivered, want %d", got, tc.want+3)
				}
			})
		})
	}
}

// TestQueueSizeOfASink gives each sink of a pipeline a queue of its own size. No batch
// may overrun the smaller one while the source can wait.
func TestQueueSizeOfASink(t *testing.T) {
	for _, tc := range []struct {
		name   string
		source pipeline.Stage
		shed   uint64
	}{
		{"live", live("in", source{run: deliverAll(messages(500))}), 500 - 3},
		{"from a source that waits", lossless("in", source{run: deliverAll(messages(500))}), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				small, large := sinkStage("small", sink{}), sinkStage("large", sink{})
				small.QueueSize = 3
				spec := pipeline.Spec{Sources: []pipeline.Stage{tc.source}, Sinks: []pipeline.SinkStage{small, large}, QueueSize: 600}
				c := mustRun(t, spec)
				checkCounters(t, spec, c)
				if n := packetsWith(c.Sinks[0].Shed, "queue-full"); n > tc.shed {
					t.Errorf("%d shed, at most %d could be", n, tc.shed)
				}
				if c.Sinks[0].QueueSize != 3 || c.Sinks[1].QueueSize != 600 || c.Sinks[1].Delivered != 500 {
					t.Errorf("sinks %+v", c.Sinks)
				}
			})
		})
	}
}

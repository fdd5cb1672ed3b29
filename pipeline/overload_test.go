package pipeline_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// gate makes a sink wait for each of its batches until it is opened.
type gate chan struct{}

func (g gate) before(s sink) sink {
	deliver := s.deliver
	s.deliver = func(batch []*pipeline.Packet, failed []pipeline.Reason) {
		<-g
		if deliver != nil {
			deliver(batch, failed)
		}
	}
	return s
}

// oneByOne is the Run of a source that delivers batches of one packet.
func oneByOne(packets []pipeline.Packet) func(context.Context, func([]pipeline.Packet)) error {
	return func(ctx context.Context, deliver func([]pipeline.Packet)) error {
		for i := range packets {
			if ctx.Err() != nil {
				break
			}
			deliver(packets[i : i+1])
		}
		return nil
	}
}

func TestLiveSourceShedsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		first := make(chan struct{})
		var got, other []uint32
		packets := messages(11)
		in := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
			deliver(packets[:1])
			<-first // let the sink take it
			deliver(packets[1:])
			return nil
		}}
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{live("in", in)},
			Sinks: []pipeline.SinkStage{
				sinkStage("slow", stuck.before(record(&got))), sinkStage("other", record(&other)),
			},
			QueueSize: 4,
		}
		p := start(t.Context(), t, spec)
		synctest.Wait()
		close(first)
		synctest.Wait()
		c := p.Counters()
		checkCounters(t, spec, c)
		if s := c.Sinks[0]; s.Queued != 5 || s.Waiting != 4 || packetsWith(s.Shed, "queue-full") != 6 {
			t.Errorf("while it waits: %+v, want 5 queued, 4 of them waiting, and 6 shed", s)
		}
		close(stuck)
		if err := <-p.done; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append(count(1000, 1), count(1007, 4)...), got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		checkCounters(t, spec, p.Counters())
		if len(other) == 0 || other[len(other)-1] != 1010 {
			t.Errorf("the other sink got %v", other)
		}
	})
}

func TestStuckSinkDoesNotStopOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		packets := messages(5000)
		ctx, cancel := context.WithCancel(t.Context())
		in := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
			for i := range packets {
				deliver(packets[i : i+1])
				if i%100 == 0 {
					time.Sleep(time.Millisecond) // of the bubble's clock: lets the other sink catch up
				}
			}
			<-ctx.Done()
			return nil
		}}
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{live("in", in)},
			Sinks:   []pipeline.SinkStage{sinkStage("stuck", stuck.before(sink{})), sinkStage("other", sink{})},
		}
		p := start(ctx, t, spec)
		time.Sleep(time.Second)
		synctest.Wait()
		c := p.Counters()
		checkCounters(t, spec, c)
		if c.Sinks[1].Delivered != 5000 || c.Sinks[0].Delivered != 0 {
			t.Errorf("sinks %+v, want 5000 delivered by the other and none by the stuck one", c.Sinks)
		}
		close(stuck)
		cancel()
		if err := <-p.done; err != nil {
			t.Error(err)
		}
	})
}

func TestLosslessSourceLosesNothing(t *testing.T) {
	huge := func(packets []pipeline.Packet) []pipeline.Packet {
		for i := range packets {
			packets[i].Data = append(packets[i].Data, make([]byte, pipeline.MaxQueuedBytes/3)...)
			packets[i].Length = len(packets[i].Data)
		}
		return packets
	}
	for _, tc := range []struct {
		name    string
		packets []pipeline.Packet
		run     func([]pipeline.Packet) func(context.Context, func([]pipeline.Packet)) error
		queue   int
	}{
		{"one by one", messages(2000), oneByOne, 3},
		{"in one batch", messages(2000), deliverAll, 3},
		{"queue of one", messages(500), deliverAll, 1},
		{"default queue", messages(20000), deliverAll, 0},
		{"huge packets", huge(messages(8)), deliverAll, 0},
		{"larger than the queue", append(huge(messages(1)), pipeline.Packet{Data: make([]byte, pipeline.MaxQueuedBytes+1)}), deliverAll, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				delivered := 0
				slow := sink{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
					time.Sleep(time.Minute)
					delivered += len(batch)
				}}
				done := make(chan struct{}) // keeps the pipeline from ending, which has a time-out
				drained := source{run: func(context.Context, func([]pipeline.Packet)) error { <-done; return nil }}
				spec := pipeline.Spec{
					Sources:   []pipeline.Stage{lossless("in", source{run: tc.run(tc.packets)}), live("other", drained)},
					Sinks:     []pipeline.SinkStage{sinkStage("slow", slow), sinkStage("fast", sink{})},
					QueueSize: tc.queue,
				}
				p := start(t.Context(), t, spec)
				for range 3 {
					time.Sleep(90 * time.Second)
					checkCounters(t, spec, p.Counters())
				}
				time.Sleep(100 * 24 * time.Hour)
				close(done)
				if err := <-p.done; err != nil {
					t.Fatal(err)
				}
				c := p.Counters()
				checkCounters(t, spec, c)
				if n := uint64(len(tc.packets)); uint64(delivered) != n || c.Sinks[1].Delivered != n {
					t.Errorf("delivered %d and %d of %d", delivered, c.Sinks[1].Delivered, n)
				}
			})
		})
	}
}

// TestLiveSourceDoesNotWait has a live source deliver beside one that can wait, and does,
// for a sink that is stuck: the other sink gets all that is live.
func TestLiveSourceDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		ctx, cancel := context.WithCancel(t.Context())
		packets := messages(100)
		in := source{run: func(ctx context.Context, deliver func([]pipeline.Packet)) error {
			time.Sleep(time.Second) // until the other source waits
			deliver(packets)
			<-ctx.Done()
			return nil
		}}
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{lossless("file", source{run: oneByOne(messages(1000))}), live("in", in)},
			Sinks:   []pipeline.SinkStage{sinkStage("stuck", stuck.before(sink{})), sinkStage("other", sink{})},
		}
		spec.Sinks[0].QueueSize = 4
		p := start(ctx, t, spec)
		time.Sleep(2 * time.Second)
		c := p.Counters()
		checkCounters(t, spec, c)
		if c.Sources[0].Received == 1000 || c.Sources[1].Received != 100 {
			t.Errorf("received %+v, want all that is live, and not all of the file", c.Sources)
		}
		if s := c.Sinks[1]; s.Delivered != c.Received {
			t.Errorf("the other sink %+v, want %d delivered", s, c.Received)
		}
		close(stuck)
		cancel()
		if err := <-p.done; err != nil {
			t.Error(err)
		}
		checkCounters(t, spec, p.Counters())
	})
}

func TestStopWhileALosslessSourceWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		ctx, cancel := context.WithCancel(t.Context())
		spec := pipeline.Spec{
			Sources:   []pipeline.Stage{lossless("in", source{run: oneByOne(messages(100))})},
			Sinks:     []pipeline.SinkStage{sinkStage("stuck", stuck.before(sink{}))},
			QueueSize: 4,
		}
		p := start(ctx, t, spec)
		synctest.Wait()
		c := p.Counters()
		checkCounters(t, spec, c)
		if s := c.Sinks[0]; s.Queued == 0 || c.Received == 100 || reasonSum(s.Shed) != 0 {
			t.Errorf("the source does not wait: %+v", c)
		}
		cancel()
		if err := <-p.done; err == nil || !strings.Contains(err.Error(), "stuck for 5s") {
			t.Errorf("error %v", err)
		}
		checkCounters(t, spec, p.Counters())
		checkEmpty(t, p.Counters())
		close(stuck)
	})
}

// TestQueueIsBoundedInBytes fills a queue with few, large packets: what does not
// fit is shed, and what left the queue no longer counts.
func TestQueueIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		const fit = pipeline.MaxQueuedBytes / size
		release := make(chan struct{})
		slow := sink{deliver: func([]*pipeline.Packet, []pipeline.Reason) { <-release }}
		more := make(chan struct{})
		packet := []pipeline.Packet{{Data: make([]byte, size), Length: size}}
		in := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
			for range more {
				deliver(packet)
			}
			return nil
		}}
		spec := pipeline.Spec{Sources: []pipeline.Stage{live("in", in)}, Sinks: []pipeline.SinkStage{sinkStage("slow", slow)}}
		p := start(t.Context(), t, spec)
		check := func(queued, shed uint64) {
			t.Helper()
			synctest.Wait()
			c := p.Counters()
			checkCounters(t, spec, c)
			if s := c.Sinks[0]; s.Queued != queued || packetsWith(s.Shed, "queue-full") != shed {
				t.Errorf("%d queued, %d shed, want %d and %d", s.Queued, packetsWith(s.Shed, "queue-full"), queued, shed)
			}
		}
		more <- struct{}{}
		synctest.Wait() // the sink has taken it
		for range fit + 2 {
			more <- struct{}{}
		}
		check(1+fit, 2)
		release <- struct{}{}
		check(fit, 2)
		for range fit {
			more <- struct{}{}
		}
		check(fit+fit, 2)
		close(release)
		close(more)
		if err := <-p.done; err != nil {
			t.Error(err)
		}
	})
}

// TestStuckSinkIsGivenUp checks the end of a pipeline whose sink never returns: it
// ends after five seconds of the bubble's clock.
func TestStuckSinkIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		var tr trace
		bad := stuck.before(sink{close: tr.note("close stuck")})
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{live("in", source{run: deliverAll(messages(10))})},
			Sinks: []pipeline.SinkStage{
				sinkStage("stuck", bad), sinkStage("good", sink{close: tr.note("close good")}),
				sinkStage("broken", sink{flush: func() { panic("boom") }}),
			},
		}
		begin := time.Now()
		c, err := run(t, spec)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("took %v, want 5s", took)
		}
		for _, want := range []string{"stuck for 5s: sink stuck", "sink broken: panic: boom"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v lacks %q", err, want)
			}
		}
		if n := packetsWith(c.Sinks[0].Shed, "stopped"); n != 10 || c.Sinks[1].Delivered != 10 {
			t.Errorf("sinks %+v, want 10 packets stopped and 10 delivered", c.Sinks)
		}
		if diff := cmp.Diff(trace{"close good"}, tr); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		close(stuck) // the goroutine left behind ends, and changes no counter
		synctest.Wait()
	})
}

// TestEndOfAFileWaits has all that is read be in a queue already when a file ends: nobody
// has told the pipeline to stop, so a slow sink gets its time, until somebody does.
func TestEndOfAFileWaits(t *testing.T) {
	for _, tc := range []struct {
		name      string
		stopAfter time.Duration
		delivered uint64
		takes     time.Duration
		err       string
	}{
		{"to the end", time.Hour, 600, 3 * time.Minute, ""},
		{"until it is stopped", 61 * time.Second, 256, 66 * time.Second, "stuck for 5s: sink slow"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.stopAfter)
				defer cancel()
				slow := sink{deliver: func([]*pipeline.Packet, []pipeline.Reason) { time.Sleep(time.Minute) }}
				spec := pipeline.Spec{
					Sources: []pipeline.Stage{lossless("file", source{run: deliverAll(messages(600))})},
					Sinks:   []pipeline.SinkStage{sinkStage("slow", slow)},
				}
				begin := time.Now()
				c, err := pipelinetest.Run(ctx, spec)
				if took := time.Since(begin); took != tc.takes {
					t.Errorf("took %v, want %v", took, tc.takes)
				}
				if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				checkCounters(t, spec, c)
				if c.Sinks[0].Delivered != tc.delivered {
					t.Errorf("%d delivered, want %d", c.Sinks[0].Delivered, tc.delivered)
				}
				time.Sleep(time.Hour) // until a sink that was left behind returns
			})
		})
	}
}

func TestLateReturnChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{live("in", source{run: deliverAll(messages(600))})},
			Sinks:   []pipeline.SinkStage{sinkStage("stuck", stuck.before(sink{}))},
		}
		p := start(t.Context(), t, spec)
		if err := <-p.done; err == nil {
			t.Error("no error")
		}
		before := p.Counters()
		close(stuck)
		synctest.Wait()
		if diff := cmp.Diff(before, p.Counters()); diff != "" {
			t.Errorf("counters changed (-before +after):\n%s", diff)
		}
	})
}

// TestQueueKeepsBytes checks that what waits in a queue is a copy.
func TestQueueKeepsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		var got []uint32
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{pipelinetest.Lend(messages(100), 10)},
			Sinks:   []pipeline.SinkStage{sinkStage("slow", stuck.before(record(&got)))},
		}
		p := start(t.Context(), t, spec)
		synctest.Wait() // all are queued, and overwritten at the source
		close(stuck)
		if err := <-p.done; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(count(1000, 100), got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
	})
}

// TestQueueForgetsHugePackets checks that a queue does not stay large when some large packets
// have gone through it.
func TestQueueForgetsHugePackets(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	synctest.Test(t, func(t *testing.T) {
		huge := make([]pipeline.Packet, 64)
		data := make([]byte, 100<<10)
		for i := range huge {
			huge[i] = pipeline.Packet{Data: data, Length: len(data)}
		}
		ctx, cancel := context.WithCancel(t.Context())
		spec := pipeline.Spec{
			Sources: []pipeline.Stage{live("in", source{run: untilDone(huge)})}, Sinks: []pipeline.SinkStage{sinkStage("out", sink{})},
		}
		before := heap()
		p := start(ctx, t, spec)
		synctest.Wait()
		if c := p.Counters().Sinks[0]; c.Delivered != 64 {
			t.Errorf("sink %+v", c)
		}
		if after := heap(); after > before+2<<20 {
			t.Errorf("%d bytes are kept", after-before)
		}
		cancel()
		if err := <-p.done; err != nil {
			t.Error(err)
		}
	})
}

func TestFlushWhenNothingIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr trace
		more := make(chan struct{})
		in := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
			deliver(messages(3))
			<-more
			deliver(messages(600))
			return nil
		}}
		out := sink{
			deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
				tr = append(tr, fmt.Sprint("deliver ", len(batch)))
				time.Sleep(time.Second) // of the bubble's clock: lets the queue fill
			},
			flush: func() { tr = append(tr, "flush") },
		}
		p := start(t.Context(), t, pipeline.Spec{
			Sources: []pipeline.Stage{live("in", in)},
			Sinks:   []pipeline.SinkStage{sinkStage("out", out)},
		})
		time.Sleep(time.Minute)
		close(more)
		if err := <-p.done; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(trace{"deliver 3", "flush", "deliver 256", "deliver 256", "deliver 88", "flush"}, tr); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// filled returns the counts of a histogram that are not zero by their bound, with 0
// for what is above the last one.
func filled(h pipeline.Histogram) map[int64]uint64 {
	counts := map[int64]uint64{}
	for i, n := range h.Counts {
		bound := int64(0)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		if n > 0 {
			counts[bound] = n
		}
	}
	return counts
}

// TestHistogramBounds has the bounds that dashboards know.
func TestHistogramBounds(t *testing.T) {
	const µs, ms, s = time.Microsecond, time.Millisecond, time.Second
	c := mustRun(t, pipeline.Spec{Sources: []pipeline.Stage{live("in", source{})}, Sinks: []pipeline.SinkStage{sinkStage("out", sink{})}})
	mtus := []int64{68, 576, 1280, 1400, 1420, 1440, 1450, 1472, 1476, 1480, 1492, 1500, 9000, 65535}
	var delays []int64
	for _, d := range []time.Duration{
		50 * µs, 100 * µs, 250 * µs, 500 * µs, ms, 2500 * µs, 5 * ms, 10 * ms, 25 * ms, 50 * ms,
		100 * ms, 250 * ms, 500 * ms, s, 2500 * ms, 5 * s, 10 * s,
	} {
		delays = append(delays, int64(d))
	}
	for name, tc := range map[string]struct {
		want []int64
		got  pipeline.Histogram
	}{"IPv4": {mtus, c.MTUs4}, "IPv6": {mtus, c.MTUs6}, "delay": {delays, c.Sinks[0].Delay}} {
		if diff := cmp.Diff(tc.want, tc.got.Bounds); diff != "" || len(tc.got.Counts) != len(tc.want)+1 {
			t.Errorf("%s: %d counts, bounds (-want +got):\n%s", name, len(tc.got.Counts), diff)
		}
	}
}

func TestMTUsOfForwardedMessages(t *testing.T) {
	var packets []pipeline.Packet
	add := func(m pipelinetest.PTB) { packets = append(packets, m.Packet(pipelinetest.Begin)) }
	for _, mtu := range []uint32{68, 69, 576, 1280, 1400, 1500, 1501, 65535} {
		add(pipelinetest.PTB{MTU: mtu})
	}
	for _, mtu := range []uint32{1280, 1<<32 - 1} {
		add(pipelinetest.PTB{MTU: mtu, Router: router6})
	}
	add(pipelinetest.PTB{MTU: 1234})
	packets = append(packets, pipeline.Packet{Data: join(ethernet(ipv4), quote4()), LinkType: linklayer.Ethernet}) // no PTB
	refuse := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		if mtu, _ := p.MTU(); mtu == 1234 {
			return 1
		}
		return pipeline.Pass
	}}
	c := mustRun(t, pipeline.Spec{
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(packets)})},
		Filters: []pipeline.Stage{filterStage("", refuse, "no")},
	})
	type figures struct {
		MTUs4, MTUs6 map[int64]uint64
		Sum4, Sum6   uint64
	}
	want := figures{
		map[int64]uint64{68: 1, 576: 2, 1280: 1, 1400: 1, 1500: 1, 9000: 1, 65535: 1},
		map[int64]uint64{1280: 1, 0: 1},
		68 + 69 + 576 + 1280 + 1400 + 1500 + 1501 + 65535,
		1280 + 1<<32 - 1,
	}
	got := figures{filled(c.MTUs4), filled(c.MTUs6), c.MTUs4.Sum, c.MTUs6.Sum}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MTUs (-want +got):\n%s", diff)
	}
}

// TestBytesAreThoseOfTheWire counts packets of which the capture lacks the end.
func TestBytesAreThoseOfTheWire(t *testing.T) {
	packets := messages(2)
	packets[1].Length = 1500
	refuse := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		if p.Length == 1500 {
			return 1
		}
		return pipeline.Pass
	}}
	c := mustRun(t, pipeline.Spec{
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(packets)})},
		Filters: []pipeline.Stage{filterStage("", refuse, "no")},
	})
	if c.ReceivedBytes != 1642 || c.ForwardedBytes != 142 {
		t.Errorf("received %d and forwarded %d bytes, want 1642 and 142", c.ReceivedBytes, c.ForwardedBytes)
	}
}

// TestDelayOfDeliveredPackets takes packets of some age to a sink that takes its
// time, on the bubble's clock.
func TestDelayOfDeliveredPackets(t *testing.T) {
	const ms = time.Millisecond
	packets := func() []pipeline.Packet {
		packets := messages(5)
		for i, age := range []time.Duration{0, 2 * ms, 3 * ms, 30 * time.Second, -time.Hour} {
			packets[i].Time = pipeline.InstantOf(time.Now()) - pipeline.Instant(age)
		}
		return packets
	}
	in := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
		deliver(packets())
		return nil
	}}
	slow := sink{deliver: func(_ []*pipeline.Packet, failed []pipeline.Reason) {
		failed[1] = 1
		time.Sleep(ms)
	}}
	for _, tc := range []struct {
		name   string
		source pipeline.Stage
		want   map[int64]uint64
		sum    time.Duration
	}{
		{
			"live", live("in", in),
			map[int64]uint64{int64(50 * time.Microsecond): 1, int64(ms): 1, int64(5 * ms): 1, 0: 1},
			ms + 4*ms + 30*time.Second + ms,
		},
		{"from a source that waits", lossless("in", in), map[int64]uint64{}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := mustRun(t, pipeline.Spec{
					Sources: []pipeline.Stage{tc.source}, Sinks: []pipeline.SinkStage{sinkStage("out", slow)},
				})
				if diff := cmp.Diff(tc.want, filled(c.Sinks[0].Delay)); diff != "" {
					t.Errorf("delays (-want +got):\n%s", diff)
				}
				if got := time.Duration(c.Sinks[0].Delay.Sum); got != tc.sum {
					t.Errorf("sum of delays %v, want %v", got, tc.sum)
				}
			})
		})
	}
}

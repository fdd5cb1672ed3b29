package pipeline_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// canaries returns those that a server sends first, as IP packets.
func canaries(name string, sequence uint64) []pipeline.Packet {
	m := canary.Message{Name: name, Instance: 1, Sequence: sequence, Interval: time.Second}
	now := time.Now()
	return []pipeline.Packet{
		pipeline.NewPacket(m.IPv4(), linklayer.Raw, now),
		pipeline.NewPacket(m.IPv6(), linklayer.Raw, now),
	}
}

// framed puts a frame's header before IP packets.
func framed(to byte, packets ...pipeline.Packet) []pipeline.Packet {
	for i := range packets {
		p := &packets[i]
		header := append(bytes.Repeat([]byte{to}, 6), 2, 0, 0, 0, 0, 9, 0x08, 0)
		if p.Data[0]>>4 == 6 {
			header[12], header[13] = 0x86, 0xdd
		}
		p.Data = append(header, p.Data...)
		p.Length, p.LinkType = len(p.Data), linklayer.Ethernet
	}
	return packets
}

func with(packets []pipeline.Packet, change func(p *pipeline.Packet)) []pipeline.Packet {
	for i := range packets {
		change(&packets[i])
	}
	return packets
}

// TestCanaryIsDropped gives canaries to a pipeline, by all ways. Filters do not see them, nor does any sink, and
// they are counted. They are heard if they come to this host, and now.
func TestCanaryIsDropped(t *testing.T) {
	const frameTo, frameToAll = 2, 0xff
	for _, tc := range []struct {
		name     string
		packets  []pipeline.Packet
		lossless bool
		way      string // by which it is heard
	}{
		{"captured", framed(frameTo, canaries("web2", 1)...), false, "peers"},
		{"broadcast", framed(frameToAll, canaries("web2", 1)...), false, "broadcast"},
		{"raw", canaries("web2", 1), false, "peers"},
		{"relayed", with(canaries("web2", 1), func(p *pipeline.Packet) { p.Origin = pipeline.OriginRelay }), false, "test-source"},
		{"cooked broadcast", with(canaries("web2", 1), func(p *pipeline.Packet) { p.Type = linklayer.TypeBroadcast }), false, "broadcast"},
		{"to another host", with(framed(frameTo, canaries("web2", 1)...), func(p *pipeline.Packet) { p.Type = linklayer.TypeOtherHost }), false, ""},
		{"sent by this host", with(framed(frameTo, canaries("web2", 1)...), func(p *pipeline.Packet) { p.Type = linklayer.TypeOutgoing }), false, ""},
		{"cut", with(canaries("web2", 1), func(p *pipeline.Packet) { p.Length++ }), false, ""},
		{"from a file", canaries("web2", 1), true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := 0
			asked := filter{filter: func(*pipeline.Packet) pipeline.Reason { got++; return pipeline.Pass }}
			out := sink{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) { got += len(batch) }}
			network := sinkStage("network", out)
			network.Plugin.Reach = pipeline.ReachNetwork
			ear := canary.NewEar()
			spec := pipeline.Spec{
				Name: "test", Ear: ear, Filters: []pipeline.Stage{filterStage("asked", asked)},
				Sinks:   []pipeline.SinkStage{sinkStage("out", out, filterStage("own", asked)), network},
				Sources: []pipeline.Stage{sourceStage("in", source{run: deliverAll(tc.packets)}, tc.lossless)},
			}
			c := mustRun(t, spec)
			checkCounters(t, spec, c)
			if got != 0 {
				t.Errorf("a stage was given a canary %d times", got)
			}
			want := pipeline.StageCount{Stage: "engine", Reasons: []pipeline.ReasonCount{{Reason: "canary", Packets: 2}}}
			if diff := cmp.Diff(want, c.Dropped[len(c.Dropped)-1]); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			way := ""
			if peers := ear.Report(time.Now()).Peers; len(peers) == 1 {
				way = peers[0].Ways[0].Name
			}
			if way != tc.way {
				t.Errorf("heard by %q, want %q", way, tc.way)
			}
		})
	}
}

// TestCanaryWithoutEar drops canaries all the same, and shows the verdict to those who want to see drops.
func TestCanaryWithoutEar(t *testing.T) {
	var verdicts []pipeline.Verdict
	out := sink{drops: true, deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		for _, p := range batch {
			verdicts = append(verdicts, p.Verdict)
		}
	}}
	spec := pipeline.Spec{
		Name: "test", Sinks: []pipeline.SinkStage{sinkStage("out", out)},
		Sources: []pipeline.Stage{live("in", source{run: deliverAll(append(canaries("web2", 1), messages(1)...))})},
	}
	c := mustRun(t, spec)
	checkCounters(t, spec, c)
	want := []pipeline.Verdict{{Stage: "engine", Reason: "canary"}, {Stage: "engine", Reason: "canary"}, {}}
	if diff := cmp.Diff(want, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// TestNotEvenLikeACanary forwards messages that lack one thing of a canary.
func TestNotEvenLikeACanary(t *testing.T) {
	for name, change := range map[string]func(p *pipeline.Packet){
		"an MTU":                func(p *pipeline.Packet) { p.Data[27] = 1 },
		"another protocol":      func(p *pipeline.Packet) { p.Data[28+9] = 6 },
		"the end of the header": func(p *pipeline.Packet) { p.Data = p.Data[:27] },
	} {
		t.Run(name, func(t *testing.T) {
			packets := canaries("web2", 1)[:1]
			change(&packets[0])
			c := mustRun(t, pipeline.Spec{Name: "test", Sources: []pipeline.Stage{live("in", source{run: deliverAll(packets)})}})
			if c.Forwarded != 1 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestAnnounce has sinks send canaries: those that send to other hosts, beside packets, which are counted alone.
func TestAnnounce(t *testing.T) {
	type sent struct {
		sink string
		ptb  uint8
	}
	const noPeers, failed = pipeline.Reason(1), pipeline.Reason(2)
	came := make(chan sent, 20)
	announcing := func(name string, reach pipeline.Reach, fail func(p *pipeline.Packet) pipeline.Reason) pipeline.SinkStage {
		s := sinkStage(name, sink{deliver: func(batch []*pipeline.Packet, reasons []pipeline.Reason) {
			for i, p := range batch {
				if p.Clock != p.Time || p.Time == 0 || p.Origin != pipeline.OriginCapture {
					t.Errorf("packet %+v", p)
				}
				reasons[i] = fail(p)
				came <- sent{name, p.PTB}
			}
		}})
		s.Plugin.Reach = reach
		s.Plugin.Reasons = []pipeline.ReasonInfo{{Name: "no-peers"}, {Name: "send-failed"}}
		return s
	}
	good := func(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }
	spec := pipeline.Spec{
		Name:    "test",
		Sources: []pipeline.Stage{live("in", source{run: func(ctx context.Context, _ func([]pipeline.Packet)) error { <-ctx.Done(); return nil }})},
		Sinks: []pipeline.SinkStage{
			announcing("log", 0, good), announcing("host", pipeline.ReachHost, good),
			announcing("good", pipeline.ReachNetwork, good),
			announcing("one family", pipeline.ReachNetwork, func(p *pipeline.Packet) pipeline.Reason {
				if p.PTB == 6 {
					return noPeers
				}
				return pipeline.Pass
			}),
			announcing("bad", pipeline.ReachNetwork, func(p *pipeline.Packet) pipeline.Reason {
				if p.PTB == 6 {
					return noPeers
				}
				return failed
			}),
			announcing("undeclared", pipeline.ReachNetwork, func(*pipeline.Packet) pipeline.Reason { return 9 }),
		},
	}
	p, err := pipeline.New(spec)
	if err == nil {
		err = p.Open(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	made := uint64(0)
	p.Announce(func() []pipeline.Packet { made++; return canaries("web1", made) }) // before it runs
	p.Announce(func() []pipeline.Packet { made++; return canaries("web1", made) }) // takes the place of the first
	go func() { done <- p.Run(ctx) }()
	got := map[sent]int{}
	for range 8 {
		select {
		case s := <-came:
			got[s]++
		case <-time.After(20 * time.Second):
			t.Fatalf("only %v came", got)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p.Announce(func() []pipeline.Packet { return canaries("web1", 99) }) // too late
	}
	want := map[sent]int{}
	for _, name := range []string{"good", "one family", "bad", "undeclared"} {
		want[sent{name, 4}], want[sent{name, 6}] = 1, 1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	c := p.Counters()
	checkCounters(t, spec, c)
	counts := map[string]canary.Count{}
	for _, s := range c.Sinks {
		counts[s.Sink] = s.Canaries
		if s.Offered+s.Delivered+s.Queued != 0 {
			t.Errorf("sink %s: %+v", s.Sink, s)
		}
	}
	wantCounts := map[string]canary.Count{
		"log": {}, "host": {},
		"good":       {Sent: 1, Failed: 1, Reason: "queue-full"},
		"one family": {Sent: 1, Failed: 1, Reason: "queue-full"},
		"bad":        {Failed: 2, Reason: "send-failed"},
		"undeclared": {Failed: 2, Reason: "undeclared"},
	}
	if diff := cmp.Diff(wantCounts, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestAnnounceToAStuckSink has the pipeline end while a sink is stuck with a canary. That it returns at last
// changes no counter.
func TestAnnounceToAStuckSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(gate)
		s := sinkStage("out", stuck.before(sink{}))
		s.Plugin.Reach = pipeline.ReachNetwork
		ctx, cancel := context.WithCancel(t.Context())
		p := start(ctx, t, pipeline.Spec{
			Name: "test", Sinks: []pipeline.SinkStage{s}, Sources: []pipeline.Stage{live("in", source{run: untilDone(nil)})},
		})
		p.Announce(func() []pipeline.Packet { return canaries("web1", 1) })
		synctest.Wait()
		cancel()
		if err := <-p.done; err == nil || err.Error() != "stop pipeline: stuck for 5s: sink out" {
			t.Errorf("error %v", err)
		}
		close(stuck)
		synctest.Wait()
		if got := p.Counters().Sinks[0].Canaries; got != (canary.Count{}) {
			t.Errorf("counted %+v", got)
		}
	})
}

// TestAnnouncePanics ends the pipeline of a sink that panics at a canary, as at any packet.
func TestAnnouncePanics(t *testing.T) {
	s := sinkStage("out", sink{deliver: func([]*pipeline.Packet, []pipeline.Reason) { panic("boom") }})
	s.Plugin.Reach = pipeline.ReachNetwork
	p, err := pipeline.New(pipeline.Spec{
		Name: "test", Sinks: []pipeline.SinkStage{s},
		Sources: []pipeline.Stage{live("in", source{run: func(ctx context.Context, _ func([]pipeline.Packet)) error { <-ctx.Done(); return nil }})},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Announce(func() []pipeline.Packet { return canaries("web1", 1) })
	if err := p.Run(t.Context()); err == nil {
		t.Error("no error")
	}
	if got, want := p.Counters().Sinks[0].Canaries, (canary.Count{Failed: 1, Reason: "panic"}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

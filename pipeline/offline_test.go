package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// explained is a filter that drops MTUs above its limit, and says so.
type explained uint32

func (e explained) Filter(p *pipeline.Packet) pipeline.Reason {
	if mtu, _ := p.MTU(); mtu > uint32(e) {
		return 1
	}
	return pipeline.Pass
}

func (e explained) Explain(*pipeline.Packet) string { return "at most " + string(rune('0'+e%10)) }

func offline(t *testing.T) *pipeline.Offline {
	t.Helper()
	p, err := pipeline.NewOffline(pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: []pipeline.Stage{filterStage("first", filter{}), filterStage("limit", explained(1005), "too-high")},
		Sinks: []pipeline.SinkStage{
			sinkStage("all", sink{}),
			sinkStage("low", sink{}, filterStage("own", explained(1002), "too-high"), filterStage("last", filter{})),
			sinkStage("observer", sink{drops: true}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ownFilter is a filter of the pipeline, lowFilter one of the sink "low".
func ownFilter(index int, name string) pipeline.StageID {
	return pipeline.StageID{Kind: pipeline.KindFilter, Sink: -1, Index: index, Name: name}
}

func lowFilter(index int, name string) pipeline.StageID {
	return pipeline.StageID{Kind: pipeline.KindFilter, Sink: 1, Owner: "low", Index: index, Name: name}
}

func sinkID(index int, name string) pipeline.StageID {
	return pipeline.StageID{Kind: pipeline.KindSink, Sink: -1, Index: index, Name: name}
}

func TestDecide(t *testing.T) {
	p := offline(t)
	packets := decodedMessages(7)
	drop := pipeline.Verdict{Stage: "limit", Reason: "too-high"}
	for _, batch := range [][]pipeline.Packet{
		{packets[2], packets[3], packets[6], packets[2]},
		{packets[3]},
		nil,
	} {
		told := 0
		n, err := p.Decide(batch, func(i int, got []bool) error {
			if i != told {
				t.Errorf("told of packet %d, want %d", i, told)
			}
			told++
			mtu, _ := batch[i].MTU()
			verdict, want := pipeline.Verdict{}, []bool{true, mtu <= 1002, true}
			if mtu > 1005 {
				verdict, want = drop, []bool{false, false, true}
			}
			if batch[i].Verdict != verdict {
				t.Errorf("MTU %d: verdict %v, want %v", mtu, batch[i].Verdict, verdict)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("MTU %d: sinks (-want +got):\n%s", mtu, diff)
			}
			return nil
		})
		if err != nil || n != len(batch) || told != len(batch) {
			t.Errorf("decided about %d and told of %d packets, want %d; error %v", n, told, len(batch), err)
		}
	}
	if c := p.Counters(); c.Received != 5 || c.Forwarded != 4 || reasonOf(c.Dropped, "limit", "too-high") != 1 {
		t.Errorf("counters %+v", c)
	}
}

// decodedMessages returns messages that have been decoded.
func decodedMessages(n int) []pipeline.Packet {
	packets := messages(n)
	for i := range packets {
		packets[i].Decode()
	}
	return packets
}

// TestDecideOffers has packets that no sink gets come between those that one does.
func TestDecideOffers(t *testing.T) {
	odd := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		mtu, _ := p.MTU()
		return pipeline.Reason(mtu % 2)
	}}
	p, err := pipeline.NewOffline(pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Sinks: []pipeline.SinkStage{
			sinkStage("even", sink{}, filterStage("odd", odd, "odd")),
			sinkStage("low", sink{}, filterStage("limit", explained(1002), "too-high")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int][]bool{}
	n, err := p.Decide(decodedMessages(8), func(i int, offered []bool) error {
		got[i] = slices.Clone(offered)
		return nil
	})
	want := map[int][]bool{0: {true, true}, 1: {false, true}, 2: {true, true}, 4: {true, false}, 6: {true, false}}
	if diff := cmp.Diff(want, got); diff != "" || n != 8 || err != nil {
		t.Errorf("decided about %d, error %v; offers (-want +got):\n%s", n, err, diff)
	}
}

// TestDecideStops has who is told of packets fail at the second, and then goes on with others.
func TestDecideStops(t *testing.T) {
	p := offline(t)
	packets, enough := decodedMessages(7), errors.New("enough")
	var told []int
	n, err := p.Decide(packets[:3], func(i int, _ []bool) error {
		if told = append(told, i); i == 1 {
			return enough
		}
		return nil
	})
	if diff := cmp.Diff([]int{0, 1}, told); diff != "" || n != 3 || !errors.Is(err, enough) {
		t.Errorf("decided about %d, error %v; told of (-want +got):\n%s", n, err, diff)
	}
	_, err = p.Decide(packets[6:], func(_ int, got []bool) error {
		if diff := cmp.Diff([]bool{false, false, true}, got); diff != "" {
			t.Errorf("sinks (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDecideHowMany has a total refuse alike, whether packets of a live source come one by one or
// many at once.
func TestDecideHowMany(t *testing.T) {
	total := ifacerate.Plugin().NewSettings()
	spec := pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: []pipeline.Stage{filterStage("first", explained(1050), "too-high"), {Plugin: ifacerate.Plugin(), Settings: total}},
	}
	spec.Sources[0].Plugin.Lossless = false
	for _, size := range []int{1, 100} {
		p, err := pipeline.NewOffline(spec)
		if err != nil {
			t.Fatal(err)
		}
		packets := decodedMessages(100)
		for batch := range slices.Chunk(packets, size) {
			if _, err := p.Decide(batch, nil); err != nil {
				t.Fatal(err)
			}
		}
		if c := p.Counters(); c.Received != 100 || reasonOf(c.Dropped, "first", "too-high") != 49 {
			t.Errorf("%d at once: counters %+v", size, c)
		}
	}
}

func TestDecideReturnsPanics(t *testing.T) {
	p, err := pipeline.NewOffline(pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: []pipeline.Stage{filterStage("bad", filter{filter: func(p *pipeline.Packet) pipeline.Reason {
			if mtu, _ := p.MTU(); mtu > 1001 {
				panic("boom")
			}
			return pipeline.Pass
		}})},
		Sinks: []pipeline.SinkStage{sinkStage("all", sink{})},
	})
	if err != nil {
		t.Fatal(err)
	}
	packets, told := decodedMessages(4), 0
	n, err := p.Decide(packets, func(int, []bool) error { told++; return nil })
	if err == nil || !strings.HasPrefix(err.Error(), "filter bad: panic: boom") || n != 2 || told != 2 {
		t.Errorf("decided about %d and told of %d packets, want 2; error %v", n, told, err)
	}
	if want := (pipeline.Verdict{Stage: "bad", Reason: "panic"}); packets[2].Verdict != want {
		t.Errorf("verdict %v, want %v", packets[2].Verdict, want)
	}
	if _, err := p.Trace(&packets[3]); err == nil || !strings.HasPrefix(err.Error(), "filter bad: panic: boom") {
		t.Errorf("trace: error %v", err)
	}
}

func TestTrace(t *testing.T) {
	packets := messages(7)
	for _, tc := range []struct {
		name string
		mtu  int
		want []pipeline.Step
	}{
		{"passes all", 1002, []pipeline.Step{
			{StageID: ownFilter(0, "first"), Reached: true},
			{StageID: ownFilter(1, "limit"), Reached: true, Looked: "at most 5"},
			{StageID: sinkID(0, "all"), Reached: true},
			{StageID: sinkID(1, "low"), Reached: true},
			{StageID: lowFilter(0, "own"), Reached: true, Looked: "at most 2"},
			{StageID: lowFilter(1, "last"), Reached: true},
			{StageID: sinkID(2, "observer"), Reached: true},
		}},
		{"dropped by a sink's filter", 1003, []pipeline.Step{
			{StageID: ownFilter(0, "first"), Reached: true},
			{StageID: ownFilter(1, "limit"), Reached: true, Looked: "at most 5"},
			{StageID: sinkID(0, "all"), Reached: true},
			{StageID: sinkID(1, "low")},
			{StageID: lowFilter(0, "own"), Reached: true, Reason: "too-high", Looked: "at most 2"},
			{StageID: lowFilter(1, "last")},
			{StageID: sinkID(2, "observer"), Reached: true},
		}},
		{"dropped by the pipeline", 1006, []pipeline.Step{
			{StageID: ownFilter(0, "first"), Reached: true},
			{StageID: ownFilter(1, "limit"), Reached: true, Reason: "too-high", Looked: "at most 5"},
			{StageID: sinkID(0, "all")},
			{StageID: sinkID(1, "low")},
			{StageID: lowFilter(0, "own"), Looked: "at most 2"},
			{StageID: lowFilter(1, "last")},
			{StageID: sinkID(2, "observer"), Reached: true},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := offline(t)
			// A packet before it, so that what sinks remember of it would show.
			before := packets[3]
			if _, err := p.Trace(&before); err != nil {
				t.Fatal(err)
			}
			pkt := packets[tc.mtu-1000]
			got, err := p.Trace(&pkt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTraceOfAnObserver has a sink that gets what the pipeline dropped, but for what
// its own filter refuses.
func TestTraceOfAnObserver(t *testing.T) {
	packets := messages(7)
	limit := pipeline.Step{StageID: ownFilter(0, "limit"), Reached: true, Looked: "at most 5"}
	refused := limit
	refused.Reason = "too-high"
	for _, tc := range []struct {
		name       string
		mtu, own   int
		limit, got pipeline.Step
		delivered  bool
	}{
		{"passes both", 1002, 1003, limit, pipeline.Step{Reached: true, Looked: "at most 3"}, true},
		{"dropped by its filter", 1004, 1003, limit, pipeline.Step{Reached: true, Looked: "at most 3", Reason: "too-high"}, false},
		{"dropped by the pipeline", 1006, 1009, refused, pipeline.Step{Reached: true, Looked: "at most 9"}, true},
		{"dropped by both", 1006, 1003, refused, pipeline.Step{Reached: true, Looked: "at most 3", Reason: "too-high"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := pipeline.NewOffline(pipeline.Spec{
				Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
				Filters: []pipeline.Stage{filterStage("limit", explained(1005), "too-high")},
				Sinks:   []pipeline.SinkStage{sinkStage("observer", sink{drops: true}, filterStage("own", explained(tc.own), "too-high"))},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Trace(&packets[tc.mtu-1000])
			if err != nil {
				t.Fatal(err)
			}
			tc.got.StageID = pipeline.StageID{Kind: pipeline.KindFilter, Owner: "observer", Name: "own"}
			want := []pipeline.Step{tc.limit, {StageID: sinkID(0, "observer"), Reached: tc.delivered}, tc.got}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStages ends early too, at each stage.
func TestStages(t *testing.T) {
	p := offline(t)
	want := []pipeline.StageID{
		{Kind: pipeline.KindSource, Sink: -1, Name: "lend"},
		ownFilter(0, "first"), ownFilter(1, "limit"),
		sinkID(0, "all"), sinkID(1, "low"), lowFilter(0, "own"), lowFilter(1, "last"), sinkID(2, "observer"),
	}
	for n := range len(want) {
		var got []pipeline.StageID
		for id, stage := range p.Stages() {
			if stage == nil {
				t.Errorf("%v is nil", id)
			}
			if got = append(got, id); len(got) == n+1 {
				break
			}
		}
		if diff := cmp.Diff(want[:n+1], got); diff != "" {
			t.Errorf("stages (-want +got):\n%s", diff)
		}
	}
}

// TestTraceOfAPanic has filters that panic when they are asked, and when they explain.
func TestTraceOfAPanic(t *testing.T) {
	explains := pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "explains", New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return explainsBadly{}, nil },
	})
	for want, f := range map[string]pipeline.Stage{
		"filter asked: panic: boom":             filterStage("asked", filter{filter: func(*pipeline.Packet) pipeline.Reason { panic("boom") }}),
		"filter explains: explain: panic: boom": {Plugin: explains},
	} {
		p, err := pipeline.NewOffline(pipeline.Spec{
			Name: "test", Sources: []pipeline.Stage{live("in", source{})},
			Filters: []pipeline.Stage{f}, Sinks: []pipeline.SinkStage{sinkStage("out", sink{})},
		})
		if err != nil {
			t.Fatal(err)
		}
		pkt := message()
		if steps, err := p.Trace(&pkt); err == nil || !strings.HasPrefix(err.Error(), want) || steps != nil {
			t.Errorf("steps %v, error %v, want %s", steps, err, want)
		}
	}
}

type explainsBadly struct{}

func (explainsBadly) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }
func (explainsBadly) Explain(*pipeline.Packet) string         { panic("boom") }

package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// trace is a list of what stages were asked, in order. They are all called by one
// goroutine at a time.
type trace []string

func (tr *trace) note(what string) func() error {
	return func() error {
		*tr = append(*tr, what)
		return nil
	}
}

// filter is a filter, and limiter a limiter, that notes its calls and gives r.
func (tr *trace) filter(name string, r pipeline.Reason) filter {
	return filter{filter: func(*pipeline.Packet) pipeline.Reason {
		*tr = append(*tr, "ask "+name)
		return r
	}}
}

func (tr *trace) limiter(name string, r pipeline.Reason) limiter {
	return limiter{tr.filter(name, r), func(*pipeline.Packet) { *tr = append(*tr, "charge "+name) }}
}

func TestOrderOfFilters(t *testing.T) {
	for _, tc := range []struct {
		name    string
		filters func(*trace) []pipeline.Stage
		want    trace
	}{
		{
			"all pass: limiters are charged at the end",
			func(tr *trace) []pipeline.Stage {
				return []pipeline.Stage{
					filterStage("a", tr.limiter("a", pipeline.Pass)),
					filterStage("b", tr.filter("b", pipeline.Pass)),
					filterStage("c", tr.limiter("c", pipeline.Pass)),
				}
			},
			trace{"ask a", "ask b", "ask c", "charge a", "charge c"},
		},
		{
			"a filter drops: no limiter is charged, no later filter asked",
			func(tr *trace) []pipeline.Stage {
				return []pipeline.Stage{
					filterStage("a", tr.limiter("a", pipeline.Pass)),
					filterStage("b", tr.filter("b", 1), "no"),
					filterStage("c", tr.limiter("c", pipeline.Pass)),
				}
			},
			trace{"ask a", "ask b"},
		},
		{
			"a limiter refuses: the one before is not charged",
			func(tr *trace) []pipeline.Stage {
				return []pipeline.Stage{
					filterStage("a", tr.limiter("a", pipeline.Pass)),
					filterStage("b", tr.limiter("b", 1), "no"),
				}
			},
			trace{"ask a", "ask b"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got trace
			mustRun(t, pipeline.Spec{
				Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(1))})},
				Filters: tc.filters(&got),
			})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSinkFiltersDecideForTheirSinkOnly(t *testing.T) {
	var tr trace
	var all, none, some []uint32
	var verdicts []pipeline.Verdict
	observer := sink{drops: true, deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		for _, p := range batch {
			verdicts = append(verdicts, p.Verdict)
		}
	}}
	odd := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		mtu, _ := p.MTU()
		return pipeline.Reason(mtu % 2)
	}}
	notFirst := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		if mtu, _ := p.MTU(); mtu == 1000 {
			return 1
		}
		return pipeline.Pass
	}}
	c := mustRun(t, pipeline.Spec{
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(4))})},
		Filters: []pipeline.Stage{filterStage("not-first", notFirst, "first")},
		Sinks: []pipeline.SinkStage{
			sinkStage("none", record(&none), filterStage("", tr.filter("none", 1), "no")),
			sinkStage("all", record(&all)),
			sinkStage("even", record(&some), filterStage("", odd, "odd")),
			sinkStage("observer", observer),
		},
	})
	if diff := cmp.Diff(map[string][]uint32{"all": {1001, 1002, 1003}, "even": {1002}, "none": nil},
		map[string][]uint32{"all": all, "even": some, "none": none}); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]pipeline.Verdict{{Stage: "not-first", Reason: "first"}, {}, {}, {}}, verdicts); diff != "" {
		t.Errorf("verdicts that the observer saw (-want +got):\n%s", diff)
	}
	if n := reasonOf(c.Sinks[2].Dropped, "test-filter", "odd"); n != 2 {
		t.Errorf("dropped %d odd ones, want 2", n)
	}
}

func TestReadPortOfASinkFilterIsThatSinksAlone(t *testing.T) {
	ports := map[string]int32{}
	show := func(name string) sink {
		return sink{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) { ports[name] = batch[0].ReadPort }}
	}
	read := filter{filter: func(p *pipeline.Packet) pipeline.Reason {
		p.ReadPort = 443
		return pipeline.Pass
	}}
	// One after the other, so that the map needs no lock.
	for _, name := range []string{"before", "reading", "after"} {
		sinks := []pipeline.SinkStage{
			sinkStage("before", sink{}), sinkStage("reading", sink{}, filterStage("", read)), sinkStage("after", sink{}),
		}
		for i := range sinks {
			if sinks[i].Name == name {
				sinks[i] = sinkStage(name, show(name), sinks[i].Filters...)
			}
		}
		mustRun(t, pipeline.Spec{
			Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(1))})},
			Sinks:   sinks,
		})
	}
	if diff := cmp.Diff(map[string]int32{"before": -1, "reading": 443, "after": -1}, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

func TestOrderOfOpenAndClose(t *testing.T) {
	var got trace
	_, err := run(t, pipeline.Spec{
		Sources: []pipeline.Stage{
			live("s1", source{open: got.note("open s1"), close: got.note("close s1")}),
			live("s2", source{open: got.note("open s2"), close: got.note("close s2")}),
		},
		Filters: []pipeline.Stage{filterStage("f", filter{open: got.note("open f"), close: got.note("close f")})},
		Sinks: []pipeline.SinkStage{sinkStage("k", sink{open: got.note("open k"), close: got.note("close k")},
			filterStage("kf", filter{open: got.note("open kf"), close: got.note("close kf")}))},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := trace{
		"open k", "open f", "open kf", "open s1", "open s2",
		"close s1", "close s2", "close f", "close kf", "close k",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestFailedOpenClosesWhatWasOpened(t *testing.T) {
	fail := func() error { return errBroken }
	boom := func() error { panic("boom") }
	for _, tc := range []struct {
		name string
		spec func(tr *trace) pipeline.Spec
		want string // in the error
	}{
		{"source", func(tr *trace) pipeline.Spec {
			return pipeline.Spec{
				Sources: []pipeline.Stage{live("in", source{open: fail, close: tr.note("close in")})},
				Sinks:   []pipeline.SinkStage{sinkStage("out", sink{close: tr.note("close out")})},
			}
		}, "source in: it is broken"},
		{"sink", func(tr *trace) pipeline.Spec {
			return pipeline.Spec{
				Sources: []pipeline.Stage{live("in", source{open: tr.note("open in"), close: tr.note("close in")})},
				Sinks:   []pipeline.SinkStage{sinkStage("out", sink{open: fail, close: tr.note("close out")})},
			}
		}, "sink out: it is broken"},
		{"panic of a filter", func(tr *trace) pipeline.Spec {
			return pipeline.Spec{
				Sources: []pipeline.Stage{live("in", source{open: tr.note("open in"), close: tr.note("close in")})},
				Filters: []pipeline.Stage{filterStage("f", filter{open: boom})},
				Sinks:   []pipeline.SinkStage{sinkStage("out", sink{close: tr.note("close out")})},
			}
		}, "filter f: panic: boom"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got trace
			_, err := run(t, tc.spec(&got))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if diff := cmp.Diff(trace{"close in", "close out"}, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCloseReportsAllErrors(t *testing.T) {
	spec := pipeline.Spec{
		Sources: []pipeline.Stage{live("in", source{close: func() error { return errBroken }})},
		Filters: []pipeline.Stage{filterStage("f", filter{close: func() error { panic("boom") }})},
		Sinks:   []pipeline.SinkStage{sinkStage("out", sink{close: func() error { return errors.New("disk full") }})},
	}
	_, err := run(t, spec)
	for _, want := range []string{"source in: it is broken", "filter f: panic: boom", "sink out: disk full"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
}

func TestSourceErrorEndsThePipeline(t *testing.T) {
	var got []uint32
	c, err := run(t, pipeline.Spec{
		Sources: []pipeline.Stage{
			live("other", source{run: untilDone(messages(3))}),
			live("in", source{run: func(context.Context, func([]pipeline.Packet)) error { return errBroken }}),
		},
		Sinks: []pipeline.SinkStage{sinkStage("out", record(&got))},
	})
	if !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "source in: ") {
		t.Errorf("error %v", err)
	}
	if c.Sinks[0].Delivered != 3 {
		t.Errorf("delivered %d of the other source's packets, want 3", c.Sinks[0].Delivered)
	}
}

func TestSourcesThatEndDoNotStopOthers(t *testing.T) {
	ended := make(chan struct{})
	slow := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
		<-ended
		deliver(messages(2))
		return nil
	}}
	fast := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
		deliver(messages(1))
		close(ended)
		return nil
	}}
	c := mustRun(t, pipeline.Spec{Sources: []pipeline.Stage{live("slow", slow), live("fast", fast)}})
	if diff := cmp.Diff([]pipeline.SourceCount{
		{Source: "slow", Received: 2, Bytes: 2 * 142}, {Source: "fast", Received: 1, Bytes: 142},
	}, c.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

// TestLentBytes runs a pipeline under a source that overwrites its buffers.
func TestLentBytes(t *testing.T) {
	var got []uint32
	c := mustRun(t, pipeline.Spec{
		Sources:   []pipeline.Stage{pipelinetest.Lend(messages(1000), 64)},
		Sinks:     []pipeline.SinkStage{sinkStage("out", record(&got))},
		QueueSize: 10,
	})
	if diff := cmp.Diff(count(1000, 1000), got); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if c.Received != 1000 {
		t.Errorf("received %d", c.Received)
	}
}

// TestEngineFields checks what the engine fills in before a filter sees a packet.
func TestEngineFields(t *testing.T) {
	packets := messages(3)
	packets[1].Time -= 5e9
	for i := range packets { // what a source leaves from the batch before
		packets[i].Verdict = pipeline.Verdict{Stage: "old", Reason: "old"}
		packets[i].ReadPort, packets[i].PTB, packets[i].Clock = 99, 6, 1
	}
	type fields struct {
		Clock    pipeline.Instant
		PTB      uint8
		ReadPort int32
		Verdict  pipeline.Verdict
	}
	var got []fields
	mustRun(t, pipeline.Spec{
		Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(packets)})},
		Filters: []pipeline.Stage{filterStage("", filter{filter: func(p *pipeline.Packet) pipeline.Reason {
			got = append(got, fields{p.Clock, p.PTB, p.ReadPort, p.Verdict})
			return pipeline.Pass
		}})},
	})
	begin := pipelinetest.Begin
	want := []fields{{begin, 4, -1, pipeline.Verdict{}}, {begin, 4, -1, pipeline.Verdict{}}, {begin + 2e6, 4, -1, pipeline.Verdict{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// TestBatchOfASink has a sink that filters its batch in place, which costs no packet.
func TestBatchOfASink(t *testing.T) {
	const packets = 1000
	seen := map[uint32]int{}
	s := sinkStage("out", sink{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		for _, p := range slices.DeleteFunc(batch, func(p *pipeline.Packet) bool { mtu, _ := p.MTU(); return mtu%2 == 0 }) {
			mtu, _ := p.MTU()
			seen[mtu]++
		}
	}})
	spec := pipeline.Spec{
		Name: "test", Sources: []pipeline.Stage{lossless("in", source{run: deliverAll(messages(packets))})},
		Sinks: []pipeline.SinkStage{s},
	}
	c := mustRun(t, spec)
	checkCounters(t, spec, c)
	for mtu, times := range seen {
		if times != 1 {
			t.Errorf("the packet with MTU %d came %d times", mtu, times)
		}
	}
	if len(seen) != packets/2 || c.Sinks[0].Delivered != packets {
		t.Errorf("%d packets seen, %d delivered", len(seen), c.Sinks[0].Delivered)
	}
}

package pipeline_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// watcher writes down what it is shown.
type watcher struct {
	lines       []string
	sinksFilter bool // as it was told last
}

func (w *watcher) Watch(d pipeline.Decided) {
	w.sinksFilter = d.SinksFilter
	for i := range d.Packets {
		p := &d.Packets[i]
		mtu, _ := p.MTU()
		w.lines = append(w.lines, fmt.Sprint(mtu, p.Verdict, d.Sinks(nil, i)))
	}
}

func (w *watcher) Unread(n int, v pipeline.Verdict) {
	w.lines = append(w.lines, fmt.Sprint("unread ", n, v))
}

// odd drops messages with an odd MTU.
func odd(p *pipeline.Packet) pipeline.Reason {
	mtu, _ := p.MTU()
	return pipeline.Reason(mtu % 2)
}

func TestWatcher(t *testing.T) {
	batch := func(n int) pipeline.Stage {
		return live("memory", source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
			deliver(messages(n))
			return nil
		}})
	}
	for _, tc := range []struct {
		name    string
		sinks   []pipeline.SinkStage
		filters bool // that some of them have their own
		want    []string
	}{
		{
			"all sinks get the same",
			[]pipeline.SinkStage{sinkStage("a", sink{}), sinkStage("b", sink{})},
			false,
			[]string{"1000 { } [a b]", "1001 {even odd} []", "1002 { } [a b]"},
		},
		{
			"a sink filters",
			[]pipeline.SinkStage{
				sinkStage("a", sink{}),
				sinkStage("b", sink{}, filterStage("small", filter{filter: func(p *pipeline.Packet) pipeline.Reason {
					mtu, _ := p.MTU()
					return pipeline.Reason(mtu / 1002)
				}}, "large")),
			},
			true,
			[]string{"1000 { } [a b]", "1001 {even odd} []", "1002 { } [a]"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := new(watcher)
			mustRun(t, pipeline.Spec{
				Name: "p", Watcher: w, Sources: []pipeline.Stage{batch(3)}, Sinks: tc.sinks,
				Filters: []pipeline.Stage{filterStage("even", filter{filter: odd}, "odd")},
			})
			if diff := cmp.Diff(tc.want, w.lines); diff != "" {
				t.Errorf("watcher saw (-want +got):\n%s", diff)
			}
			if w.sinksFilter != tc.filters {
				t.Errorf("sinks filter: %v", w.sinksFilter)
			}
		})
	}
}

// TestWatcherOfUnread wants to hear of what a source left in the kernel.
func TestWatcherOfUnread(t *testing.T) {
	w := new(watcher)
	packets := messages(1)
	runGatedSpec(t, pipeline.Spec{Watcher: w}, &gatekeeper{until: packets[0].Time + 1000}, sink{},
		func(gate *saturation, deliver func([]pipeline.Packet)) {
			deliver(packets)
			gate.Refuse(7, packets[0].Time+1)
		})
	if diff := cmp.Diff([]string{"1000 { } [out]", "unread 7 {keeper shut}"}, w.lines); diff != "" {
		t.Errorf("watcher saw (-want +got):\n%s", diff)
	}
}

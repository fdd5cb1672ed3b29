package pipeline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// The stages of this test need something that is called as they are.
type (
	needySource struct {
		source
		name string
	}
	needyFilter struct {
		plainFilter
		name string
	}
	needySink struct {
		sink
		name string
	}
)

func (s needySource) Needs() pipeline.Needs { return pipeline.Needs{Hosts: []string{s.name}} }
func (f needyFilter) Needs() pipeline.Needs { return pipeline.Needs{Hosts: []string{f.name}} }
func (s needySink) Needs() pipeline.Needs   { return pipeline.Needs{Hosts: []string{s.name}} }

// plainFilter is a filter that is not opened.
type plainFilter struct{}

func (plainFilter) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

// TestNeeds has stages of every kind, and such as don't say what they need.
func TestNeeds(t *testing.T) {
	p, err := pipeline.New(pipeline.Spec{
		Sources: []pipeline.Stage{live("silent-source", source{}), live("source", needySource{name: "a"})},
		Filters: []pipeline.Stage{filterStage("silent-filter", filter{}), filterStage("plain", plainFilter{}), filterStage("filter", needyFilter{name: "b"})},
		Sinks: []pipeline.SinkStage{
			sinkStage("sink", needySink{name: "c"}, filterStage("own", needyFilter{name: "d"}), filterStage("silent-own", filter{})),
			sinkStage("silent-sink", sink{}, filterStage("plain", plainFilter{}), filterStage("own", needyFilter{name: "e"})),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	needs := func(name string) pipeline.Needs { return pipeline.Needs{Hosts: []string{name}} }
	want := []pipeline.StageNeeds{
		{Kind: pipeline.KindSource, Sink: -1, Index: 1, Stage: "source", Needs: needs("a")},
		{Kind: pipeline.KindFilter, Sink: -1, Index: 2, Stage: "filter", Needs: needs("b")},
		{Kind: pipeline.KindSink, Sink: -1, Index: 0, Stage: "sink", Needs: needs("c")},
		{Kind: pipeline.KindFilter, Sink: 0, Index: 0, Stage: "own", Needs: needs("d")},
		{Kind: pipeline.KindFilter, Sink: 1, Index: 1, Stage: "own", Needs: needs("e")},
	}
	if diff := cmp.Diff(want, p.Needs()); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	undeclared := []string{"silent-source", "silent-filter", "silent-own", "silent-sink"}
	if diff := cmp.Diff(undeclared, p.Undeclared()); diff != "" {
		t.Errorf("undeclared (-want +got):\n%s", diff)
	}
}

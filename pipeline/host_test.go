package pipeline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// checkedSink finds something of the host.
type checkedSink struct {
	pipeline.Sink
	found []pipeline.HostFinding
}

func (s checkedSink) CheckHost() []pipeline.HostFinding { return s.found }

// TestCheckHost asks the stages of a pipeline of which some have nothing to tell.
func TestCheckHost(t *testing.T) {
	plugin := func(found ...pipeline.HostFinding) pipeline.SinkStage {
		return pipeline.SinkStage{Stage: pipeline.Stage{Name: found[0].Subject, Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "checked", Summary: "finds something",
			New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return checkedSink{found: found}, nil },
		})}}
	}
	a := pipeline.HostFinding{Subject: "a", State: "is down", Advice: "raise it", Stops: true}
	b, c := pipeline.HostFinding{Subject: "b", State: "is up"}, pipeline.HostFinding{Subject: "c"}
	p, err := pipeline.New(pipeline.Spec{
		Name: "p", Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)}, Sinks: []pipeline.SinkStage{plugin(a), plugin(b, c)},
	})
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		Stage string
		Found pipeline.HostFinding
	}
	var got []found
	p.CheckHost(func(stage string, f pipeline.HostFinding) { got = append(got, found{stage, f}) })
	if diff := cmp.Diff([]found{{"a", a}, {"b", b}, {"b", c}}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

package health_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/health"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// lines writes findings as /readyz does.
func lines(all []health.Finding) (text []string) {
	for _, f := range all {
		text = append(text, f.String()+": "+f.Trouble)
	}
	return text
}

func spec(name string, source *servicetest.Source) pipeline.Spec {
	pass := servicetest.Filter(func(*pipeline.Packet) pipeline.Reason { return pipeline.Pass })
	return pipeline.Spec{
		Name: name, Sources: []pipeline.Stage{source.Stage("in")}, Filters: []pipeline.Stage{pass.Stage("f")},
		Sinks: []pipeline.SinkStage{servicetest.Sink{}.Stage("out", pass.Stage("f"))},
	}
}

func TestJudge(t *testing.T) {
	captures := pipeline.Spec{Name: "done", Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)}}
	panicking := spec("failed", &servicetest.Source{Batch: make([]pipeline.Packet, 1)})
	panicking.Filters = []pipeline.Stage{servicetest.Filter(func(*pipeline.Packet) pipeline.Reason { panic("boom") }).Stage("f")}
	ended := servicetest.Start(t, spec("ended", &servicetest.Source{}))
	ended.Ended = true
	two := errors.Join(errors.New("interface eth0 is down"), errors.New("and it burns"))
	for _, tc := range []struct {
		name      string
		pipelines []service.PipelineStatus
		want      []string
		ready     bool
	}{
		{"nothing runs yet", nil, nil, false},
		{
			"all is well",
			[]service.PipelineStatus{servicetest.Start(t, spec("edge", &servicetest.Source{}))},
			[]string{
				"pipeline edge: ", "pipeline edge source in: ", "pipeline edge filter f: ",
				"pipeline edge sink out: ", "pipeline edge sink out filter f: ",
			},
			true,
		},
		{
			"a stage complains",
			[]service.PipelineStatus{servicetest.Start(t, spec("edge", &servicetest.Source{Complains: func() error { return two }}))},
			[]string{
				"pipeline edge: ", "pipeline edge source in: interface eth0 is down; and it burns", "pipeline edge filter f: ",
				"pipeline edge sink out: ", "pipeline edge sink out filter f: ",
			},
			false,
		},
		{"captures at their end", []service.PipelineStatus{servicetest.Run(t, captures)}, []string{"pipeline done: ", "pipeline done source lend: "}, true},
		{
			"a pipeline failed",
			[]service.PipelineStatus{servicetest.Run(t, panicking)},
			[]string{
				"pipeline failed: it failed: filter f: panic: boom", "pipeline failed source in: ", "pipeline failed filter f: ",
				"pipeline failed sink out: ", "pipeline failed sink out filter f: ",
			},
			false,
		},
		{
			"a pipeline ended",
			[]service.PipelineStatus{ended},
			[]string{
				"pipeline ended: it has ended", "pipeline ended source in: ", "pipeline ended filter f: ",
				"pipeline ended sink out: ", "pipeline ended sink out filter f: ",
			},
			false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			findings := health.Judge(service.Status{Pipelines: tc.pipelines})
			if diff := cmp.Diff(tc.want, lines(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if got := health.Ready(findings); got != tc.ready {
				t.Errorf("ready %v", got)
			}
			if strings.Contains(strings.Join(lines(findings), ""), "\n") {
				t.Error("a finding has several lines")
			}
		})
	}
}

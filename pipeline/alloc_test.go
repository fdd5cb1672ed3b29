package pipeline_test

import (
	"context"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// TestHotPathAllocatesNothing delivers batches again and again to a pipeline that
// runs, with the filters of the original daemon.
func TestHotPathAllocatesNothing(t *testing.T) {
	for _, tc := range []struct {
		name    string
		filters []pipeline.Stage
		sinks   []pipeline.SinkStage
	}{
		{"nearly all dropped", compat(1), []pipeline.SinkStage{sinkStage("out", sink{})}},
		{"all forwarded", compat(1e9), []pipeline.SinkStage{sinkStage("out", sink{}), sinkStage("second", sink{}, compat(1e9)...)}},
		{"drops observed", compat(1), []pipeline.SinkStage{sinkStage("out", sink{drops: true})}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			packets := flood(2048, 300)
			mustRun(t, pipeline.Spec{
				Sources: []pipeline.Stage{live("memory", source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
					deliver(packets) // slots of queues are made when first needed
					if n := testing.AllocsPerRun(50, func() { deliver(packets) }); n != 0 {
						t.Errorf("%v allocations for %d packets", n, len(packets))
					}
					return nil
				}})},
				Filters: tc.filters, Sinks: tc.sinks,
			})
		})
	}
}

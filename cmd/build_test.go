package cmd_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// nothing is the settings of a filter that counts how often it is built.
type nothing struct{}

func (nothing) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

// TestBuiltOnce wants stages to be built once to be checked and once to run.
func TestBuiltOnce(t *testing.T) {
	path := writeConfig(t, "pipelines: {p: {sources: [{type: pcap-file, path: ../testdata/replay/ports.pcap}], filters: [{type: counted}], sinks: [{type: log}]}}\n")
	for name, tc := range map[string]struct {
		args []string
		most int64
	}{
		"run":           {[]string{"run", "-c", path}, 2},
		"check":         {[]string{"check", "-c", path}, 1},
		"check, a host": {[]string{"check", "--host", "-c", path}, 2},
		"config":        {[]string{"config", "-c", path}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var built atomic.Int64
			counted := pipeline.NewFilter(pipeline.FilterPlugin[nothing]{
				Type: "counted", Summary: "is counted",
				New: func(nothing, pipeline.Env) (pipeline.Filter, error) {
					built.Add(1)
					return nothing{}, nil
				},
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var stdout, stderr pipelinetest.Buffer
			streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr}
			if status := cmd.Run(ctx, tc.args, streams, cmd.Program{Plugins: append(cmd.Plugins(), counted)}); status != 0 {
				t.Errorf("exit status %d: %s", status, stderr.String())
			}
			if n := built.Load(); n == 0 || n > tc.most {
				t.Errorf("built %d times, want %d", n, tc.most)
			}
		})
	}
}

package service_test

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/pipeline"
)

// TestSnapshotter asks a pipeline that hangs, between two that don't.
func TestSnapshotter(t *testing.T) {
	hanging, release := make(chan struct{}), make(chan struct{})
	filter := servicetest.Filter(func(*pipeline.Packet) pipeline.Reason {
		close(hanging)
		<-release
		return pipeline.Pass
	})
	started := func(name string, in servicetest.Source, filters ...pipeline.Stage) *pipeline.Pipeline {
		return servicetest.Start(t, pipeline.Spec{Name: name, Sources: []pipeline.Stage{in.Stage("in")}, Filters: filters}).Pipeline
	}
	pipelines := []*pipeline.Pipeline{
		started("a", servicetest.Source{}),
		started("hangs", servicetest.Source{Batch: make([]pipeline.Packet, 1)}, filter.Stage("f")),
		started("b", servicetest.Source{}),
	}
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo) // before the pipelines are waited for
	<-hanging
	var q service.Snapshotter
	ask := func(timeout time.Duration, want bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		got := q.Snapshots(ctx, pipelines)
		if !got[0].OK || got[1].OK != want || !got[2].OK || got[2].Counters.Pipeline != "b" {
			t.Errorf("answers %+v", got)
		}
	}
	for range 20 {
		ask(20*time.Millisecond, false)
	}
	// The others have answered and are about to end.
	for begin := time.Now(); asking() != 1; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d goroutines wait for an answer, want 1", asking())
		}
	}
	letGo()
	// The old question is answered now.
	ask(time.Minute, true)
}

// asking returns how many goroutines wait for the answer to a question. Other goroutines,
// of pipelines and tests, come and go meanwhile.
func asking() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Count(stacks, []byte("service.(*Snapshotter).ask.func1("))
}

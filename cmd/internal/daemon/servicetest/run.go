package servicetest

import (
	"context"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// Start runs a pipeline until the test ends, and returns what a service would tell of
// it until it ended.
func Start(t testing.TB, spec pipeline.Spec) service.PipelineStatus {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p, done := start(ctx, t, spec)
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run pipeline %s: %v", spec.Name, err)
		}
	})
	return service.PipelineStatus{Name: spec.Name, Pipeline: p, Since: time.Now()}
}

// Run runs a pipeline until it ends of its own, and returns what a service would tell
// of it then.
func Run(t testing.TB, spec pipeline.Spec) service.PipelineStatus {
	t.Helper()
	p, done := start(t.Context(), t, spec)
	return service.PipelineStatus{Name: spec.Name, Pipeline: p, Since: time.Now(), Err: <-done, Ended: true}
}

func start(ctx context.Context, t testing.TB, spec pipeline.Spec) (*pipeline.Pipeline, <-chan error) {
	t.Helper()
	p, err := pipeline.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Open(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		err := p.Run(ctx)
		if e := p.Close(); err == nil {
			err = e
		}
		done <- err
	}()
	return p, done
}

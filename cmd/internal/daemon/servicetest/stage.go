package servicetest

import (
	"context"

	"github.com/pmtud/pmtud/pipeline"
)

// Source is a live source that delivers one batch and then waits for its end. It has
// the complaint.
type Source struct {
	Batch     []pipeline.Packet
	Err       error // with which it ends, if it is to
	Complains func() error
}

// Open is [pipeline.Source].
func (*Source) Open(context.Context) error { return nil }

// Run is [pipeline.Source].
func (s *Source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	deliver(s.Batch)
	if s.Err == nil {
		<-ctx.Done()
	}
	return s.Err
}

// Close is [pipeline.Source].
func (*Source) Close() error { return nil }

// Health is [pipeline.HealthChecker].
func (s *Source) Health() error {
	if s.Complains == nil {
		return nil
	}
	return s.Complains()
}

// Stage returns the stage of the name.
func (s *Source) Stage(name string) pipeline.Stage {
	return pipeline.Stage{Name: name, Plugin: pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "test-source", New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return s, nil },
	})}
}

// Filter is a filter made of a function. Its reason 1 is `no`.
type Filter func(p *pipeline.Packet) pipeline.Reason

// Filter is [pipeline.Filter].
func (f Filter) Filter(p *pipeline.Packet) pipeline.Reason { return f(p) }

// Stage returns the stage of the name.
func (f Filter) Stage(name string) pipeline.Stage {
	return pipeline.Stage{Name: name, Plugin: pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "test-filter", Reasons: pipeline.Reasons{1: {Name: "no", Doc: "the function says so"}},
		New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return f, nil },
	})}
}

// Sink is a sink that delivers everything.
type Sink struct{}

// Open is [pipeline.Sink].
func (Sink) Open(context.Context) error { return nil }

// Deliver is [pipeline.Sink].
func (Sink) Deliver([]*pipeline.Packet, []pipeline.Reason) {}

// Flush is [pipeline.Sink].
func (Sink) Flush() {}

// Close is [pipeline.Sink].
func (Sink) Close() error { return nil }

// Stage returns the stage of the name with the filters.
func (s Sink) Stage(name string, filters ...pipeline.Stage) pipeline.SinkStage {
	return pipeline.SinkStage{Filters: filters, Stage: pipeline.Stage{
		Name: name, Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "test-sink", New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return s, nil },
		}),
	}}
}

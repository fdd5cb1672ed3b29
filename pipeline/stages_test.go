package pipeline_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// The stages of these tests are plugins made of functions. A nil function does
// nothing.

type source struct {
	open, close func() error
	run         func(ctx context.Context, deliver func([]pipeline.Packet)) error
}

func (s source) Open(context.Context) error { return call(s.open) }
func (s source) Close() error               { return call(s.close) }
func (s source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	if s.run == nil {
		return nil
	}
	return s.run(ctx, deliver)
}

type filter struct {
	open, close func() error
	filter      func(p *pipeline.Packet) pipeline.Reason
}

func (f filter) Open(context.Context) error { return call(f.open) }
func (f filter) Close() error               { return call(f.close) }
func (f filter) Filter(p *pipeline.Packet) pipeline.Reason {
	if f.filter == nil {
		return pipeline.Pass
	}
	return f.filter(p)
}

type limiter struct {
	filter
	charge func(p *pipeline.Packet)
}

func (l limiter) Charge(p *pipeline.Packet) { l.charge(p) }

type sink struct {
	open, close func() error
	deliver     func(batch []*pipeline.Packet, failed []pipeline.Reason)
	flush       func()
	drops       bool // observes them
}

func (s sink) Open(context.Context) error { return call(s.open) }
func (s sink) Close() error               { return call(s.close) }
func (s sink) Needs() pipeline.Needs      { return pipeline.Needs{Drops: s.drops} }
func (s sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	if s.deliver != nil {
		s.deliver(batch, failed)
	}
}

func (s sink) Flush() {
	if s.flush != nil {
		s.flush()
	}
}

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

// live is a source stage that can't wait, lossless one that can.
func live(name string, s pipeline.Source) pipeline.Stage { return sourceStage(name, s, false) }

func lossless(name string, s source) pipeline.Stage { return sourceStage(name, s, true) }

func sourceStage(name string, s pipeline.Source, lossless bool) pipeline.Stage {
	return pipeline.Stage{Name: name, Plugin: pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "test-source", Lossless: lossless,
		New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return s, nil },
	})}
}

func filterStage(name string, f pipeline.Filter, reasons ...string) pipeline.Stage {
	return pipeline.Stage{Name: name, Plugin: pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "test-filter", Reasons: declare(reasons),
		New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return f, nil },
	})}
}

// declare returns the declaration of reasons.
func declare(names []string) pipeline.Reasons {
	reasons := pipeline.Reasons{}
	for i, name := range names {
		reasons[pipeline.Reason(i+1)] = pipeline.ReasonInfo{Name: name, Doc: name}
	}
	return reasons
}

// ailing are stages with a complaint.
type (
	ailingSource struct {
		source
		complaint error
	}
	ailingFilter struct {
		filter
		complaint error
	}
	ailingSink struct {
		sink
		complaint error
	}
)

func (s ailingSource) Health() error { return s.complaint }
func (f ailingFilter) Health() error { return f.complaint }
func (s ailingSink) Health() error   { return s.complaint }

func sinkStage(name string, s pipeline.Sink, filters ...pipeline.Stage) pipeline.SinkStage {
	return pipeline.SinkStage{Filters: filters, Stage: pipeline.Stage{
		Name: name, Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "test-sink", Reasons: declare(reasonNames),
			New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return s, nil },
		}),
	}}
}

// deliverAll is the Run of a source that delivers one batch.
func deliverAll(packets []pipeline.Packet) func(context.Context, func([]pipeline.Packet)) error {
	return func(_ context.Context, deliver func([]pipeline.Packet)) error {
		deliver(packets)
		return nil
	}
}

// untilDone is the Run of a source that delivers one batch and then waits for
// the end.
func untilDone(packets []pipeline.Packet) func(context.Context, func([]pipeline.Packet)) error {
	return func(ctx context.Context, deliver func([]pipeline.Packet)) error {
		deliver(packets)
		<-ctx.Done()
		return nil
	}
}

// messages returns n PTBs with MTUs that count from 1000 on, a millisecond apart.
func messages(n int) []pipeline.Packet {
	packets := make([]pipeline.Packet, n)
	for i := range packets {
		packets[i] = message()
		packets[i].Data = bytes.Clone(packets[i].Data)
		binary.BigEndian.PutUint16(packets[i].Data[14+20+6:], uint16(1000+i))
		packets[i].Time += pipeline.Instant(i) * 1e6
	}
	return packets
}

// message is made once, since making it is slow.
var message = sync.OnceValue(func() pipeline.Packet { return pipelinetest.PTB{}.Packet(pipelinetest.Begin) })

// record returns a sink that appends the MTUs of what it is given.
func record(mtus *[]uint32) sink {
	return sink{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		for _, p := range batch {
			mtu, _ := p.MTU()
			*mtus = append(*mtus, mtu)
		}
	}}
}

// count returns the MTUs from first on, as messages has them.
func count(first, n int) []uint32 {
	mtus := make([]uint32, n)
	for i := range mtus {
		mtus[i] = uint32(first + i)
	}
	return mtus
}

// run runs a pipeline from Open to Close, checks its counters and returns them.
func run(t *testing.T, spec pipeline.Spec) (pipeline.Counters, error) {
	t.Helper()
	c, err := pipelinetest.Run(t.Context(), spec)
	checkCounters(t, spec, c)
	checkEmpty(t, c)
	return c, err
}

// mustRun is run for pipelines that end without an error.
func mustRun(t *testing.T, spec pipeline.Spec) pipeline.Counters {
	t.Helper()
	c, err := run(t, spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var errBroken = errors.New("it is broken")

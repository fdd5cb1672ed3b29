package pipelinetest

import (
	"log/slog"
	"reflect"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

var discard = slog.New(slog.DiscardHandler)

// TestSink checks that a sink keeps to the contract of [pipeline.Sink], with
// settings that it can really be opened with: an interface in a namespace, a file
// in a temporary folder. The sink delivers for real.
func TestSink(t *testing.T, plugin pipeline.Plugin, settings any) {
	s := sinkTest{plugin, settings}
	t.Run("declaration", func(t *testing.T) { testDeclaration(t, plugin, pipeline.KindSink) })
	t.Run("close without open", func(t *testing.T) {
		if err := s.build(t).Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Run("needs", func(t *testing.T) { testNeeds(t, s.build(t)) })
	t.Run("hostile packets", s.testHostile)
	t.Run("allocations", s.testAllocations)
	t.Run("nothing left behind", s.testLeaks)
}

type sinkTest struct {
	plugin   pipeline.Plugin
	settings any
}

func (s sinkTest) build(t *testing.T) pipeline.Sink {
	t.Helper()
	return buildStage[pipeline.Sink](t, s.plugin, s.settings, Env(t))
}

func (s sinkTest) open(t *testing.T) pipeline.Sink {
	t.Helper()
	sink := s.build(t)
	s.openIt(t, sink)
	return sink
}

func (s sinkTest) openIt(t *testing.T, sink pipeline.Sink) {
	t.Helper()
	if err := sink.Open(t.Context()); err != nil {
		t.Fatalf("open: %v", err)
	}
}

// testHostile delivers in batches from memory that is taken away after each call. The sink is
// asked for its metrics and its health from before it is opened until after it is closed.
func (s sinkTest) testHostile(t *testing.T) {
	sink := s.build(t)
	defer watch(t, s.plugin, sink)()
	s.openIt(t, sink)
	failed := make([]pipeline.Reason, 64)
	lender := newLender(t, len(failed)*512)
	defer catchUse(t)()
	for packets := range slices.Chunk(Packets(), len(failed)) {
		batch := make([]*pipeline.Packet, len(packets))
		for i := range packets {
			batch[i] = &packets[i]
		}
		lender.lend(t, batch...)
		for _, p := range batch {
			p.Decode()
		}
		clear(failed)
		s.deliver(t, sink, batch, failed[:len(batch)])
		lender.takeBack(t)
	}
	sink.Flush()
	if err := sink.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (s sinkTest) deliver(t *testing.T, sink pipeline.Sink, batch []*pipeline.Packet, failed []pipeline.Reason) {
	t.Helper()
	before := make([]pipeline.Packet, len(batch))
	for i, p := range batch {
		before[i] = snapshot(p)
	}
	sink.Deliver(batch, failed)
	for i, p := range batch {
		if int(failed[i]) > len(s.plugin.Reasons) {
			t.Fatalf("packet %d: reason %d is not declared", i, failed[i])
		}
		if !reflect.DeepEqual(before[i], snapshot(p)) {
			t.Fatalf("packet %d was changed", i)
		}
	}
}

func (s sinkTest) testAllocations(t *testing.T) {
	if s.plugin.Allocates {
		t.Skip("the sink says that it allocates")
	}
	sink := s.open(t)
	defer sink.Close()
	batch := make([]*pipeline.Packet, 16)
	for i := range batch {
		p := PTB{}.Packet(Begin)
		p.Decode()
		batch[i] = &p
	}
	failed := make([]pipeline.Reason, len(batch))
	if allocs := testing.AllocsPerRun(20, func() {
		clear(failed)
		sink.Deliver(batch, failed)
		sink.Flush()
	}); allocs != 0 {
		t.Errorf("%v allocations for %d packets", allocs, len(batch))
	}
}

// testLeaks opens and closes several sinks, so that no goroutine of another test,
// which ends meanwhile, makes up for what they leave behind.
func (s sinkTest) testLeaks(t *testing.T) {
	defer watchLeaks(t)()
	for range 5 {
		if err := s.open(t).Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

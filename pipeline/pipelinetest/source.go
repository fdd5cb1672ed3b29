package pipelinetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// TestSource checks that a source keeps to the contract of [pipeline.Source], with
// settings that it can really be opened with. Stimulate makes packets appear and is
// called again until one was delivered; nil if there are packets anyway.
func TestSource(t *testing.T, plugin pipeline.Plugin, settings any, stimulate func()) {
	s := sourceTest{plugin, settings, stimulate}
	t.Run("declaration", func(t *testing.T) { testDeclaration(t, plugin, pipeline.KindSource) })
	t.Run("close without open", func(t *testing.T) {
		if err := s.build(t).Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Run("needs", func(t *testing.T) { testNeeds(t, s.build(t)) })
	t.Run("run until stopped", s.testRun)
	t.Run("stopped before it runs", s.testStopped)
}

type sourceTest struct {
	plugin    pipeline.Plugin
	settings  any
	stimulate func()
}

func (s sourceTest) build(t *testing.T) pipeline.Source {
	t.Helper()
	return buildStage[pipeline.Source](t, s.plugin, s.settings, Env(t))
}

// testRun checks the packets that a source delivers and overwrites them, as it
// must bear.
func (s sourceTest) testRun(t *testing.T) {
	defer watchLeaks(t)()
	source := s.build(t)
	stop := watch(t, s.plugin, source)
	if err := source.Open(t.Context()); err != nil {
		t.Fatalf("open: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var delivered, ended atomic.Bool
	done := make(chan error, 1)
	go func() {
		done <- source.Run(ctx, func(batch []pipeline.Packet) {
			if ended.Load() {
				t.Error("delivered after the end of Run")
			}
			for i := range batch {
				checkDelivered(t, &batch[i])
			}
			delivered.Store(true)
		})
		ended.Store(true)
	}()
	s.awaitDelivery(t, &delivered, done)
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("run: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("run goes on 10 s after its context is done")
	}
	if err := source.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	stop()
}

func (s sourceTest) awaitDelivery(t *testing.T, delivered *atomic.Bool, done chan error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !delivered.Load() {
		if s.stimulate != nil {
			s.stimulate()
		}
		select {
		case err := <-done:
			done <- err
			if !delivered.Load() {
				t.Fatalf("run ended without a packet: %v", err)
			}
		case <-tick.C:
		case <-deadline:
			t.Fatal("no packet in 10 s")
		}
	}
}

func checkDelivered(t *testing.T, p *pipeline.Packet) {
	if p.Length < len(p.Data) {
		t.Errorf("length %d is below the %d bytes captured", p.Length, len(p.Data))
	}
	if p.Time == 0 {
		t.Error("no time stamp")
	}
	for i := range p.Data {
		p.Data[i] = lent
	}
}

func (s sourceTest) testStopped(t *testing.T) {
	source := s.build(t)
	if err := source.Open(t.Context()); err != nil {
		t.Fatalf("open: %v", err)
	}
	defer source.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := source.Run(ctx, func([]pipeline.Packet) {}); err != nil {
		t.Errorf("run: %v", err)
	}
}

// Package sourcetest runs a source for the tests of its plugin.
package sourcetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Source is a source without a pipeline.
type Source struct {
	pipeline.Source
	metrics []pipeline.MetricInfo
	packets chan pipeline.Packet
}

// New builds a source of the plugin. It is not open.
func New(t testing.TB, plugin pipeline.Plugin, settings any, env pipeline.Env) *Source {
	t.Helper()
	built, err := plugin.Build(settings, env)
	if err != nil {
		t.Fatal(err)
	}
	return &Source{built.(pipeline.Source), plugin.Metrics, make(chan pipeline.Packet, 4096)}
}

// Start builds a source, opens it and runs it until the test ends.
func Start(t testing.TB, plugin pipeline.Plugin, settings any, env pipeline.Env) *Source {
	t.Helper()
	s := New(t, plugin, settings, env)
	if err := s.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- s.Run(ctx, func(batch []pipeline.Packet) {
			for _, p := range batch {
				p.Data = bytes.Clone(p.Data)
				s.packets <- p
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Packet returns the next packet of a started source, with bytes of its own.
func (s *Source) Packet(t testing.TB) pipeline.Packet {
	t.Helper()
	select {
	case p := <-s.packets:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("no packet in 10 s")
		return pipeline.Packet{}
	}
}

// ID returns the identification of the next packet, which is an IPv4 packet without a
// link-layer header.
func (s *Source) ID(t testing.TB) uint16 {
	t.Helper()
	return binary.BigEndian.Uint16(s.Packet(t).Data[4:])
}

// Measured returns a metric of a label, or 0 if there is none.
func (s *Source) Measured(metric, label string) (value float64) {
	s.Source.(pipeline.Measurer).Measure(func(i int, l string, v float64) {
		if s.metrics[i].Name == metric && l == label {
			value = v
		}
	})
	return value
}

// Lost is that of the source, which must be a [pipeline.LossySource].
func (s *Source) Lost() uint64 { return s.Source.(pipeline.LossySource).Lost() }

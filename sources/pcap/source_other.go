//go:build !linux

package pcap

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

func newSource(s Settings, _ pipeline.Env) pipeline.Source { return &source{Settings: s} }

// source stands for the one that only Linux has.
type source struct {
	Settings
	kernelFilter func(linklayer.Type, uint32) []bpf.Instruction
}

func (s *source) Open(context.Context) error {
	return fmt.Errorf("open interface %s: %w", s.Interface, errors.ErrUnsupported)
}

func (s *source) Run(context.Context, func([]pipeline.Packet)) error { return errors.ErrUnsupported }

func (s *source) Close() error { return nil }

func (s *source) Adapt(p *pipeline.Packet) string { return s.reshape(p) }

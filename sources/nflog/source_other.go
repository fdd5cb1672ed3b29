//go:build !linux

package nflog

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

func newSource(s Settings, _ pipeline.Env) pipeline.Source { return &source{s} }

// source stands for the one that only Linux has.
type source struct{ Settings }

func (*source) Open(context.Context) error {
	return fmt.Errorf("open netfilter log: %w", errors.ErrUnsupported)
}

func (*source) Run(context.Context, func([]pipeline.Packet)) error { return errors.ErrUnsupported }

func (*source) Close() error { return nil }

// Adapt is [pipeline.CaptureAdapter].
func (s *source) Adapt(p *pipeline.Packet) string { return s.reshape(p) }

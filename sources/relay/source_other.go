//go:build !linux

package relay

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

func newSource(s Settings, r *receiver) pipeline.Source { return &source{s, r} }

// source can't receive here.
type source struct {
	Settings
	*receiver
}

func (*source) Open(context.Context) error {
	return fmt.Errorf("receive datagrams: %w", errors.ErrUnsupported)
}

func (*source) Run(context.Context, func([]pipeline.Packet)) error { return errors.ErrUnsupported }

func (*source) Close() error { return nil }

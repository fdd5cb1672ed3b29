//go:build !linux

package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

type table interface {
	has(q *pipeline.Quoted) (bool, error)
}

// Open fails: only Linux can be asked for a single flow.
func (f *filter) Open(context.Context) error {
	return fmt.Errorf("look up flows: %w", errors.ErrUnsupported)
}

// Close does nothing.
func (f *filter) Close() error { return nil }

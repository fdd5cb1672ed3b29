//go:build !linux

package hostnet

import (
	"errors"
	"fmt"
	"log/slog"
)

// Watcher stands for the one that only Linux has.
type Watcher struct{}

// Watch fails: only Linux tells of changes in the way that is asked for.
func Watch(func() error, *slog.Logger) (*Watcher, error) {
	return nil, fmt.Errorf("watch network interfaces: %w", errors.ErrUnsupported)
}

// Close does nothing.
func (*Watcher) Close() error { return nil }

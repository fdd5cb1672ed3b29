//go:build !linux

package hostnet

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Watcher stands for the one that only Linux has.
type Watcher struct{}

// Watch fails: only Linux reports changes in the way that is asked for.
func Watch(func() error, *slog.Logger) (*Watcher, error) {
	return nil, fmt.Errorf("watch network interfaces: %w", errors.ErrUnsupported)
}

// WatchAlso fails as Watch does.
func WatchAlso(_ uint32, _ time.Duration, look func() error, log *slog.Logger) (*Watcher, error) {
	return Watch(look, log)
}

// Close does nothing.
func (*Watcher) Close() error { return nil }

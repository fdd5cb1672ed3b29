//go:build !linux

package inject

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/pmtud/pmtud/pipeline"
)

// host stands for the one that only Linux has.
type host struct{ device string }

func newHost(s Settings, _ *slog.Logger) *host { return &host{string(s.Device)} }

func (h *host) open() error {
	return fmt.Errorf("open device %s: %w", h.device, errors.ErrUnsupported)
}

func (h *host) port() *port { return &port{unusable: NoDevice} }

func (h *host) send(*port, []byte) pipeline.Reason { return SendError }

func (h *host) complaint() error { return nil }

func (h *host) close() error { return nil }

//go:build !linux

package broadcast

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/pmtud/pmtud/pipeline"
)

// sender stands for the one that only Linux has.
type sender struct{ name string }

func newSender(name string, _ *slog.Logger) *sender { return &sender{name} }

func (s *sender) open() error {
	return fmt.Errorf("open interface %s: %w", s.name, errors.ErrUnsupported)
}

func (s *sender) complaint() error { return nil }

func (s *sender) look() (mac [macLen]byte, there bool) { return mac, false }

func (s *sender) send([]byte) pipeline.Reason { return SendError }

func (s *sender) close() error { return nil }

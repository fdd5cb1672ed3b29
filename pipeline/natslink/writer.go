package natslink

import (
	"time"

	"github.com/pmtud/pmtud/pipeline/sealed"
)

// Overhead is how much longer than its IP packet a message is at most.
const Overhead = max(sealed.Overhead, plainLen)

// Writer makes messages of IP packets, sealed if there is a key. It is not safe for concurrent
// use.
type Writer struct {
	sealer *sealed.Sealer // nil: messages are plain
	plain  *plainer
}

// NewWriter returns a writer for settings that [Settings.Check] found right.
func NewWriter(s *Settings) (*Writer, error) {
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	if keys == nil {
		return &Writer{plain: newPlainer()}, nil
	}
	return &Writer{sealer: sealed.NewSealer(keys[0])}, nil
}

// Append appends the message with an IP packet.
func (w *Writer) Append(dst, packet []byte, now time.Time) []byte {
	if w.sealer != nil {
		return w.sealer.Seal(dst, packet, now)
	}
	return w.plain.append(dst, packet, now)
}

//go:build !linux

package relay

import (
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

func openSockets(*peerlist.Sockets, *peerlist.List) error {
	return fmt.Errorf("open UDP socket: %w", errors.ErrUnsupported)
}

//go:build !linux

package peers

import (
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

func openSockets(*peerlist.Sockets, *peerlist.List) error {
	return fmt.Errorf("open raw ICMP socket: %w", errors.ErrUnsupported)
}

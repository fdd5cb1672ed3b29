//go:build !linux

package peers

import (
	"errors"
	"fmt"
)

type families struct{ ipv4, ipv6 bool }

// sockets can't be opened here.
type sockets struct{ ipv4, ipv6 *socket }

func (*sockets) open(families) error {
	return fmt.Errorf("open raw ICMP socket: %w", errors.ErrUnsupported)
}

func (*sockets) close() error { return nil }

type socket struct{}

func (*socket) send(*fanout, int) (n int, why failure) { return 0, other }

// fanout knows the peers, which is enough for a dry run.
type fanout struct{ peers []*peer }

func newFanout(targets []target) *fanout {
	if len(targets) == 0 {
		return nil
	}
	f := new(fanout)
	for _, t := range targets {
		f.peers = append(f.peers, t.peer)
	}
	return f
}

func (*fanout) load([]byte, uint8) {}
func (*fanout) unload()            {}

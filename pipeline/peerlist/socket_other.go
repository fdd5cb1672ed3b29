//go:build !linux

package peerlist

import (
	"errors"
	"fmt"
)

// Socket can't be had here.
type Socket struct{ Calls int }

func openSocket(o SocketOptions) (*Socket, error) {
	return nil, fmt.Errorf("open %s socket: %w", o.Name, errors.ErrUnsupported)
}

func (*Socket) send(*Fanout, int) (n int, why failure) { return 0, other }

// Close does nothing.
func (*Socket) Close() error { return nil }

// Fanout knows the peers, which is enough for a dry run.
type Fanout struct{ peers []*peer }

func newFanout(targets []target, _ Config) *Fanout {
	if len(targets) == 0 {
		return nil
	}
	f := new(Fanout)
	for _, t := range targets {
		f.peers = append(f.peers, t.peer)
	}
	return f
}

func (*Fanout) load([]byte, uint8) {}
func (*Fanout) unload()            {}

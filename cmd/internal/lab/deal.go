package lab

import (
	"fmt"
	"net/netip"
	"sync"
)

// deal gives each server its part of the connections: as many as the others, or one more
// if they can't be divided. The hash of a router gives one server most of a few connections
// now and then, and what an experiment shows must not depend on luck. Its methods may be
// called from several goroutines.
type deal struct {
	mu    sync.Mutex
	each  int                // that every server gets
	extra int                // servers that may get one more
	got   map[string]int     // by server
	tried map[netip.Addr]int // ports of each client
}

func newDeal(connections, servers int) *deal {
	return &deal{
		each: connections / servers, extra: connections % servers,
		got: map[string]int{}, tried: map[netip.Addr]int{},
	}
}

// from returns the client's address with a port that it has not used yet: another port
// may lead to another server.
func (d *deal) from(client netip.Addr) (netip.AddrPort, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := firstPort + d.tried[client]
	if next >= 1<<16 {
		return netip.AddrPort{}, fmt.Errorf("no more ports for %v, connections so far: %v", client, d.got)
	}
	d.tried[client]++
	return netip.AddrPortFrom(client, uint16(next)), nil
}

// take reports whether the server may have one more connection, and counts it.
func (d *deal) take(server string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch got := d.got[server]; {
	case got < d.each:
	case got == d.each && d.extra > 0:
		d.extra--
	default:
		return false
	}
	d.got[server]++
	return true
}

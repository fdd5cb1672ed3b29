package lab

import (
	"net/netip"
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Copies counts the PTBs that were broadcast on the LANs.
type Copies struct {
	// Broadcasts is their number.
	Broadcasts int
	// PerClient is the number of those about each of the lab's clients.
	PerClient map[netip.Addr]int
	// ClientInOneSecond is the largest number about one client in any second.
	ClientInOneSecond int
	// InOneSecond is the largest number in any second, wherever it begins: of one
	// daemon, and of all together.
	InOneSecond, InOneSecondOfAll int
	// Lost is the number of frames that the sniffers could not record. With any
	// the other figures are too low.
	Lost int
}

// copyCounter counts while an experiment runs.
type copyCounter struct {
	watch     *watch
	perClient map[netip.Addr][]time.Duration // when
	sent      map[[6]byte][]time.Duration    // when, by source MAC
}

// countCopies starts to count.
func (n *Network) countCopies() (*copyCounter, error) {
	c := &copyCounter{perClient: map[netip.Addr][]time.Duration{}, sent: map[[6]byte][]time.Duration{}}
	for i := range n.Config.Clients {
		c.perClient[n.client(i)] = nil
	}
	var err error
	c.watch, err = n.watch(onlyBroadcasts, c.count)
	return c, err
}

func (c *copyCounter) count(_ int, f frame, at time.Duration) {
	source := [6]byte(f.source())
	c.sent[source] = append(c.sent[source], at)
	p := pipeline.Packet{Data: f, Length: len(f), LinkType: linklayer.Ethernet}
	p.Decode()
	quoted, _ := p.Quoted()
	if _, known := c.perClient[quoted.Dst]; known { // forged ones are too many to count
		c.perClient[quoted.Dst] = append(c.perClient[quoted.Dst], at)
	}
}

// stop ends counting and returns the figures.
func (c *copyCounter) stop() (Copies, error) {
	lost, err := c.watch.stop()
	copies := Copies{Lost: lost, PerClient: make(map[netip.Addr]int, len(c.perClient))}
	for client, times := range c.perClient {
		copies.PerClient[client] = len(times)
		copies.ClientInOneSecond = max(copies.ClientInOneSecond, mostInOneSecond(times))
	}
	var all []time.Duration
	for _, times := range c.sent {
		all = append(all, times...)
		copies.InOneSecond = max(copies.InOneSecond, mostInOneSecond(times))
	}
	copies.Broadcasts = len(all)
	copies.InOneSecondOfAll = mostInOneSecond(all)
	return copies, err
}

// mostInOneSecond returns how many of the times are within one second at most. It
// sorts them.
func mostInOneSecond(times []time.Duration) (most int) {
	slices.Sort(times)
	first := 0
	for i, at := range times {
		for at-times[first] >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

package lab

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline"
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
	sniffers  []*sniffer
	perClient map[netip.Addr][]time.Duration // when
	sent      map[[6]byte][]time.Duration    // when, by source MAC
	quit      chan struct{}
	done      chan struct{}
}

// countCopies starts to count. It takes sniffers that accept broadcasts only.
func (n *Network) countCopies(sniffers []*sniffer) *copyCounter {
	c := &copyCounter{
		sniffers: sniffers, perClient: map[netip.Addr][]time.Duration{}, sent: map[[6]byte][]time.Duration{},
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	for i := range n.Config.Clients {
		c.perClient[n.client(i)] = nil
	}
	go c.run()
	return c
}

func (c *copyCounter) run() {
	defer close(c.done)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, s := range c.sniffers {
			s.take(c.count)
		}
		select {
		case <-tick.C:
		case <-c.quit:
			return
		}
	}
}

func (c *copyCounter) count(f frame, at time.Duration) {
	source := [6]byte(f.source())
	c.sent[source] = append(c.sent[source], at)
	p := pipeline.Packet{Data: f, Length: len(f), LinkType: pipeline.LinkEthernet}
	p.Decode()
	quoted, _ := p.Quoted()
	if _, known := c.perClient[quoted.Dst]; known { // forged ones are too many to count
		c.perClient[quoted.Dst] = append(c.perClient[quoted.Dst], at)
	}
}

// stop ends counting, closes the sniffers and returns the figures.
func (c *copyCounter) stop() (Copies, error) {
	close(c.quit)
	<-c.done
	copies := Copies{PerClient: make(map[netip.Addr]int, len(c.perClient))}
	var errs []error
	for _, s := range c.sniffers {
		s.take(c.count)
		lost, err := s.lost()
		copies.Lost += lost
		errs = append(errs, err, s.close())
	}
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
	return copies, errors.Join(errs...)
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

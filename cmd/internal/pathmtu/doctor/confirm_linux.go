package doctor

import (
	"context"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/probe"
)

// confirmation is what a probe says of a suspect. A client that is gone looks like one behind a
// black hole if only full-size segments were on the way.
type confirmation uint8

const (
	unknown   confirmation = iota // the client does not answer
	confirmed                     // large packets vanish, small ones arrive
	refuted                       // the path is fine, or there is none
)

// Bounds of confirming: doctor is to take less than ten seconds.
const (
	confirmTime = 5 * time.Second
	mostProbes  = 8
)

// confirm probes clients that are not certain, some of them.
func confirm(ctx context.Context, suspects []*client) {
	ctx, cancel := context.WithTimeout(ctx, confirmTime)
	defer cancel()
	var probing sync.WaitGroup
	probes := 0
	for _, c := range suspects {
		if c.confirmed == confirmed || probes == mostProbes {
			continue
		}
		probes++
		probing.Go(func() {
			_ = c.space.Do(func() error { // what fails says nothing of the client
				c.confirmed = c.ask(ctx)
				return nil
			})
		})
	}
	probing.Wait()
}

// ask probes from the address that the connection has, as an anycast one's messages arrive
// elsewhere.
func (c *client) ask(ctx context.Context) confirmation {
	path, err := probe.Run(ctx, probe.Options{Address: c.remote.Addr(), From: c.local.Addr()})
	if err != nil {
		return unknown // it takes too long
	}
	switch path.Verdict {
	case probe.BlackHole:
		return confirmed
	case probe.OK, probe.Unreachable:
		return refuted
	}
	return unknown
}

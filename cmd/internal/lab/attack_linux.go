package lab

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
)

// advance is how long an attack lasts before the clients start: long enough to use
// up what limits have saved.
const advance = time.Second

// atOnce is the number of frames of an attack that are sent at once at most.
const atOnce = 64

// attack is a flood of forged PTBs from the hop's side of the router, which
// distributes them over all servers.
type attack struct {
	cancel context.CancelFunc
	done   chan struct{}
	sent   int
	took   time.Duration
	err    error
}

// attack starts one at a rate, in packets per second, and returns when it has lasted
// for a while. With a rate of 0 there is none.
func (n *Network) attack(ctx context.Context, rate int) *attack {
	ctx, cancel := context.WithCancel(ctx)
	a := &attack{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		if rate == 0 {
			return
		}
		begin := time.Now()
		if err := n.flood(ctx, rate, &a.sent); !errors.Is(err, context.Canceled) {
			a.err = err
		}
		a.took = time.Since(begin)
	}()
	select {
	case <-time.After(advance):
	case <-a.done: // there is none, or it failed
	}
	return a
}

// flood sends until the context ends.
func (n *Network) flood(ctx context.Context, rate int, sent *int) error {
	router, err := n.Router.Interface("up")
	if err != nil {
		return err
	}
	forger := flood.Forger{Target: netip.AddrPortFrom(n.VIP, port), DstMAC: [6]byte(router.HardwareAddr)}
	return n.Hop.Do(func() error {
		sender, err := flood.Open("up", forger.Frames(atOnce))
		if err != nil {
			return err
		}
		defer sender.Close()
		*sent, err = sender.Run(ctx, rate, math.MaxInt64, flood.Forge)
		return err
	})
}

// stop ends the attack and returns its average rate, in packets per second.
func (a *attack) stop() (rate float64, err error) {
	a.cancel()
	<-a.done
	if a.sent == 0 {
		return 0, a.err
	}
	return float64(a.sent) / a.took.Seconds(), a.err
}

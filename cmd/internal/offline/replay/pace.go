package replay

import (
	"context"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/sources/pcapfile"
)

// Speed is the speed of a replay, as of the source pcap-file: a multiple of the
// capture's own; 0 is as fast as possible.
type Speed = pcapfile.Speed

// early is how long before its time a packet may be decided about, so that not
// every packet waits for a timer.
const early = time.Millisecond

// pace makes packets wait for their time.
type pace struct {
	speed Speed
	begun bool
	first pipeline.Instant // time stamp of the first packet
	begin time.Time        // when that was decided about
}

func newPace(s Speed) *pace { return &pace{speed: s} }

// untimed reports whether no packet has to wait.
func (p *pace) untimed() bool { return p.speed == 0 }

// ahead reports whether the packet's time has not yet come.
func (p *pace) ahead(at pipeline.Instant) bool { return p.wait(at) > early }

func (p *pace) wait(at pipeline.Instant) time.Duration {
	if !p.begun {
		p.begun, p.first, p.begin = true, at, time.Now()
	}
	const ever = 1 << 62 // ns
	after := time.Duration(min(float64(at-p.first)/float64(p.speed), ever))
	return time.Until(p.begin.Add(after))
}

// await waits for the packet's time, or until ctx is done.
func (p *pace) await(ctx context.Context, at pipeline.Instant) error {
	timer := time.NewTimer(p.wait(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

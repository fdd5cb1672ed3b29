package replay

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Speed is the speed of a replay as a multiple of the capture's own; 0 is as fast
// as possible.
type Speed float64

// Original is the capture's own speed.
const Original Speed = 1

// UnmarshalText reads "max", "original" or a factor above 0.
func (s *Speed) UnmarshalText(text []byte) error {
	switch string(text) {
	case "max":
		*s = 0
		return nil
	case "original":
		*s = Original
		return nil
	}
	factor, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(factor >= 1e-6 && factor <= 1e6) {
		return fmt.Errorf("%q is not a speed; write max, original or a factor such as 2 or 0.5", text)
	}
	*s = Speed(factor)
	return nil
}

// String returns what UnmarshalText reads.
func (s Speed) String() string {
	switch s {
	case 0:
		return "max"
	case Original:
		return "original"
	}
	return strconv.FormatFloat(float64(s), 'g', -1, 64)
}

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

// ahead reports whether the packet's time has not yet come.
func (p *pace) ahead(at pipeline.Instant) bool {
	return p.speed != 0 && p.wait(at) > early
}

func (p *pace) wait(at pipeline.Instant) time.Duration {
	if !p.begun {
		p.begun, p.first, p.begin = true, at, time.Now()
	}
	after := time.Duration(float64(at-p.first) / float64(p.speed))
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

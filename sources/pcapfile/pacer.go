package pcapfile

import (
	"context"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// pacer delivers packets when their time has come. The zero value does not wait.
type pacer struct {
	speed Speed
	first pipeline.Instant
	begin time.Time // when the first packet was delivered
}

// deliver delivers packets in as many batches as their times need. It reports
// false when ctx was done before the last.
func (p *pacer) deliver(ctx context.Context, batch []pipeline.Packet, deliver func([]pipeline.Packet)) bool {
	if p.speed == 0 {
		deliver(batch)
		return ctx.Err() == nil
	}
	if p.begin.IsZero() {
		p.first, p.begin = batch[0].Time, time.Now()
	}
	for len(batch) > 0 {
		if !wait(ctx, p.due(&batch[0])-time.Since(p.begin)) {
			return false
		}
		n := p.dueBy(batch, time.Since(p.begin))
		deliver(batch[:n])
		batch = batch[n:]
	}
	return ctx.Err() == nil
}

// due returns how long after the first packet another is to be delivered.
func (p *pacer) due(packet *pipeline.Packet) time.Duration {
	const ever = 1 << 62 // ns
	return time.Duration(min(float64(packet.Time-p.first)/float64(p.speed), ever))
}

// dueBy returns how many packets are due, of which the first is.
func (p *pacer) dueBy(batch []pipeline.Packet, now time.Duration) int {
	n := 1
	for n < len(batch) && p.due(&batch[n]) <= now {
		n++
	}
	return n
}

// wait waits so long and reports false when ctx is done.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
)

// watchIdle measures what the programs cost while nothing happens.
func (b *bench) watchIdle(ctx context.Context) error {
	fmt.Fprintf(b.out, "CPU time at rest, for each second (of %v):", b.Idle)
	for _, p := range []program{b.pmtud, b.tcpdump} {
		used, err := b.idle(ctx, p)
		if err != nil {
			return err
		}
		perSecond := time.Duration(float64(used) / b.Idle.Seconds())
		fmt.Fprintf(b.out, "  %s %v", p.name, perSecond.Round(time.Microsecond))
	}
	_, err := fmt.Fprint(b.out, "\n\n")
	return err
}

func (b *bench) idle(ctx context.Context, p program) (used time.Duration, err error) {
	running, err := b.start(ctx, p)
	if err != nil {
		return 0, err
	}
	defer running.Kill()
	err = running.rest()
	before, beforeErr := running.CPUTime()
	select {
	case <-time.After(b.Idle):
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	after, afterErr := running.CPUTime()
	if err := errors.Join(err, beforeErr, afterErr); err != nil {
		return 0, err
	}
	_, err = running.stop()
	return after - before, err
}

// watchMemory shows pmtud's memory before and after a flood from forged routers.
func (b *bench) watchMemory(ctx context.Context) error {
	running, err := b.start(ctx, b.pmtud)
	if err != nil {
		return err
	}
	defer running.Kill()
	before, beforeErr := residentMemory(running.Pid)
	sent, err := b.flood(ctx, running.program, flood.Unlimited, b.Memory)
	after, afterErr := residentMemory(running.Pid)
	if err := errors.Join(err, beforeErr, afterErr); err != nil {
		return err
	}
	c, err := running.stop()
	if err != nil {
		return err
	}
	const mib = 1 << 20
	_, err = fmt.Fprintf(b.out, "Memory of pmtud: %.1f MiB at first, %.1f MiB after %d packets from a million forged routers (%d lost)\n",
		float64(before)/mib, float64(after)/mib, sent, c.lost)
	return err
}

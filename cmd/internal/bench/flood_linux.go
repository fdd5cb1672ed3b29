package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// frames is the number of frames of a flood.
const frames = 64

// Whose packets the messages of a flood are about.
var (
	target4 = netip.MustParseAddrPort("192.0.2.1:443")
	target6 = netip.MustParseAddrPort("[2001:db8::1]:443")
)

// result is what a flood did to a program.
type result struct {
	counts
	sent   int
	long   time.Duration
	cpu    time.Duration // of the program
	memory int64         // resident, in bytes, after the flood
}

// perPacket returns the CPU time for each packet that the program got.
func (r result) perPacket() time.Duration { return r.cpu / time.Duration(max(r.got, 1)) }

// rate returns the rate of the flood, in packets per second.
func (r result) rate() float64 { return float64(r.sent) / r.long.Seconds() }

// share returns which part of a flood was lost.
func (r result) share() string {
	if r.lost == 0 {
		return "0"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(r.lost)/float64(max(r.sent, 1)))
}

// expose starts a program, floods it and ends it.
func (b *bench) expose(ctx context.Context, p program, rate int, long time.Duration) (r result, err error) {
	running, err := b.start(ctx, p)
	if err != nil {
		return r, err
	}
	defer running.Kill()
	if err := b.watch(ctx, running, rate, long, &r); err != nil {
		return r, err
	}
	r.counts, err = running.stop()
	if b.logged != nil {
		r.lost = max(r.sent-r.got, 0)
	}
	return r, err
}

// watch floods a running program.
func (b *bench) watch(ctx context.Context, running *process, rate int, long time.Duration, r *result) error {
	if err := running.rest(); err != nil {
		return err
	}
	logged, loggedErr := b.count()
	cpu, cpuErr := running.CPUTime()
	begin := time.Now()
	sent, err := b.flood(ctx, running.program, rate, long)
	if err := errors.Join(loggedErr, cpuErr, err); err != nil {
		return err
	}
	r.long = time.Since(begin)
	if err := running.drain(); err != nil {
		return err
	}
	loggedNow, loggedErr := b.count()
	cpuNow, cpuErr := running.CPUTime()
	memory, memoryErr := residentMemory(running.Pid)
	r.sent, r.cpu, r.memory = sent, cpuNow-cpu, memory
	if b.logged != nil {
		r.sent = loggedNow - logged
	}
	return errors.Join(loggedErr, cpuErr, memoryErr)
}

// count returns how many packets have come to the tap, if the kernel knows.
func (b *bench) count() (int, error) {
	if b.logged == nil {
		return 0, nil
	}
	return b.logged()
}

// flood sends to a program on the host from the wire's CPU.
func (b *bench) flood(ctx context.Context, p program, rate int, long time.Duration) (sent int, err error) {
	forge := b.forge
	if p.forge != nil {
		forge = p.forge
	}
	err = b.onWire(b.frames, func(sender *flood.Sender) error {
		sent, err = sender.Run(ctx, rate, long, forge)
		return err
	})
	return sent, err
}

// onWire calls f on the wire's CPU with a sender of frames.
func (b *bench) onWire(frames [][]byte, f func(*flood.Sender) error) error {
	return b.cable.Wire.Do(func() error {
		sender, err := flood.Open(rig.Interface, frames)
		if err != nil {
			return err
		}
		defer sender.Close()
		return onCPU(b.cpus.wire, func() error { return f(sender) })
	})
}

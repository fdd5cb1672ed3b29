package nflogbench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// Config says what to measure.
type Config struct {
	Pmtud    string        // path of the binary
	Rounds   int           // 5 if 0
	Duration time.Duration // of each flood; 2 s if 0
	Rate     int           // of each flood, packets a second; 300,000 if 0
	Singles  int           // packets by themselves, for latency; 200 if 0
}

// Run measures pmtud and tcpdump in turn and prints figures and ratios to out.
func Run(ctx context.Context, c Config, out io.Writer) error {
	c = c.withDefaults()
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		return fmt.Errorf("measure nflog beside tcpdump: %w", err)
	}
	dir, err := os.MkdirTemp("", "pmtud-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	net, err := newNetwork()
	if err != nil {
		return err
	}
	defer net.close()
	b := bench{Config: c, net: net, out: out}
	if b.pmtud, err = pmtud(c.Pmtud, dir); err != nil {
		return err
	}
	b.tcpdump = dump(tcpdump)
	for _, measure := range []func(context.Context) error{b.floods, b.ladder, b.latencies} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Rounds == 0 {
		c.Rounds = 5
	}
	if c.Duration == 0 {
		c.Duration = 2 * time.Second
	}
	if c.Rate == 0 {
		c.Rate = 300_000
	}
	if c.Singles == 0 {
		c.Singles = 200
	}
	return c
}

// flushTime is longer than the kernel keeps packets for a program that does not
// say how long it may.
const flushTime = 1200 * time.Millisecond

type bench struct {
	Config
	net            *network
	out            io.Writer
	pmtud, tcpdump program
}

// result is what a flood did to a program.
type result struct {
	rate     float64 // packets logged, a second
	logged   uint64
	received uint64
	cpu      time.Duration // of the program
}

func (r result) perPacket() float64 {
	return float64(r.cpu.Nanoseconds()) / float64(max(r.received, 1))
}

func (r result) loss() float64 {
	return 100 * float64(r.logged-min(r.received, r.logged)) / float64(max(r.logged, 1))
}

func (r result) String() string {
	return fmt.Sprintf("%5.0f ns/packet, %5.2f %% of %.2f M/s lost", r.perPacket(), r.loss(), r.rate/1e6)
}

// floods compares under a flood, after a round that does not count.
func (b *bench) floods(ctx context.Context) error {
	fmt.Fprintf(b.out, "nflog, flood of %v, up to %d packets/s: CPU of the program, loss\n", b.Duration, b.Rate)
	var ratios []float64
	for round := range b.Rounds + 1 {
		ours, theirs, err := b.pair(ctx, round)
		if err != nil {
			return err
		}
		if round == 0 {
			continue
		}
		ratio := ours.perPacket() / theirs.perPacket()
		ratios = append(ratios, ratio)
		fmt.Fprintf(b.out, "  pmtud %v   tcpdump %v   %3.0f %% of tcpdump's CPU\n", ours, theirs, 100*ratio)
	}
	slices.Sort(ratios)
	fmt.Fprintf(b.out, "  median: %.0f %% of tcpdump's CPU a packet\n", 100*ratios[len(ratios)/2])
	return nil
}

// pair floods both programs, in turns who comes first.
func (b *bench) pair(ctx context.Context, round int) (ours, theirs result, err error) {
	programs := []program{b.pmtud, b.tcpdump}
	results := []*result{&ours, &theirs}
	for i := range 2 {
		i = (i + round) % 2
		if *results[i], err = b.flood(ctx, programs[i], b.Rate, b.Duration); err != nil {
			return ours, theirs, err
		}
	}
	return ours, theirs, nil
}

// flood runs the program while the router floods the host.
func (b *bench) flood(ctx context.Context, p program, rate int, length time.Duration) (r result, err error) {
	running, err := b.net.start(ctx, p)
	if err != nil {
		return r, err
	}
	defer running.kill()
	logged, cpu, begin := b.net.logged(), running.cpu(), time.Now()
	if err := b.net.flood(ctx, rate, length); err != nil {
		return r, err
	}
	took := time.Since(begin)
	time.Sleep(flushTime)
	r.cpu = running.cpu() - cpu
	r.logged = b.net.logged() - logged
	r.rate = float64(r.logged) / took.Seconds()
	r.received, err = running.stop()
	return r, err
}

// ladder finds the highest rate at which each program loses nothing.
func (b *bench) ladder(ctx context.Context) error {
	fmt.Fprintf(b.out, "nflog, highest rate without loss in one of three floods of 1 s\n")
	for _, p := range []program{b.pmtud, b.tcpdump} {
		best := 0.0
		for rate := 25_000; ; rate += rate / 2 {
			r, err := b.lossless(ctx, p, rate)
			if err != nil {
				return err
			}
			best = max(best, r.rate)
			if r.rate < 0.9*float64(rate) {
				break // the program or the generator is at its end
			}
		}
		fmt.Fprintf(b.out, "  %-8s %.0f packets/s\n", p.name, best)
	}
	return nil
}

// lossless floods at a rate, which the generator may not reach, and returns the
// best of three results without loss; a zero one if there is none.
func (b *bench) lossless(ctx context.Context, p program, rate int) (best result, err error) {
	for range 3 {
		r, err := b.flood(ctx, p, rate, time.Second)
		if err != nil {
			return best, err
		}
		if r.received >= r.logged && r.rate > best.rate {
			best = r
		}
		if best.rate >= 0.9*float64(rate) {
			break
		}
	}
	return best, nil
}

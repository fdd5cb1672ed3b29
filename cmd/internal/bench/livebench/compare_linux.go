package livebench

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

// result is what a flood did to a program.
type result struct {
	counts
	sent int
	long time.Duration
	cpu  time.Duration // of the program
}

// perPacket returns the CPU time for each packet that the program got.
func (r result) perPacket() time.Duration { return r.cpu / time.Duration(max(r.got, 1)) }

// rate returns the rate of the flood, in packets per second.
func (r result) rate() float64 { return float64(r.sent) / r.long.Seconds() }

// expose starts a program, floods it and ends it.
func (b *bench) expose(ctx context.Context, p program, rate int, long time.Duration) (r result, err error) {
	running, err := b.start(ctx, p)
	if err != nil {
		return r, err
	}
	if err := b.watch(ctx, running, rate, long, &r); err != nil {
		running.kill()
		return r, err
	}
	r.counts, err = running.stop()
	return r, err
}

// watch floods a running program.
func (b *bench) watch(ctx context.Context, running *process, rate int, long time.Duration, r *result) error {
	if err := running.rest(); err != nil {
		return err
	}
	before, err := running.cpuTime()
	if err != nil {
		return err
	}
	begin := time.Now()
	if r.sent, err = b.flood(ctx, rate, long); err != nil {
		return err
	}
	r.long = time.Since(begin)
	if err := running.settle(); err != nil {
		return err
	}
	after, err := running.cpuTime()
	r.cpu = after - before
	return err
}

// compare floods both programs in turn, after one round that does not count.
func (b *bench) compare(ctx context.Context) error {
	fmt.Fprintf(b.out, "CPU time for each packet, in ns, under a flood (%v a round)\n", b.Flood)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "round\tpmtud\tat Mpps\tlost\ttcpdump\tat Mpps\tlost\ttimes as fast\t")
	var ratios []float64
	for round := range b.Rounds + 1 {
		ours, err := b.expose(ctx, b.pmtud(limited...), b.Rate, b.Flood)
		if err != nil {
			return err
		}
		theirs, err := b.expose(ctx, tcpdump(), b.Rate, b.Flood)
		if err != nil {
			return err
		}
		if round == 0 {
			continue
		}
		ratio := float64(theirs.perPacket()) / float64(ours.perPacket())
		ratios = append(ratios, ratio)
		fmt.Fprintf(w, "%d\t%d\t%.2f\t%s\t%d\t%.2f\t%s\t%.2f\t\n", round,
			ours.perPacket(), ours.rate()/1e6, share(ours), theirs.perPacket(), theirs.rate()/1e6, share(theirs), ratio)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	slices.Sort(ratios)
	_, err := fmt.Fprintf(b.out, "median: %.2f times as fast as tcpdump\n\n", ratios[len(ratios)/2])
	return err
}

// share tells which part of a flood was lost.
func share(r result) string {
	if r.lost == 0 {
		return "0"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(r.lost)/float64(max(r.sent, 1)))
}

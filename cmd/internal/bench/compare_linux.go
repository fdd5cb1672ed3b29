package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// rounds calls measure for rounds that count, after one that does not, and prints the
// rows that it returns, and the median of the ratios.
func rounds(out io.Writer, n int, header string, measure func() (row string, timesAsFast float64, err error)) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "round\t%s\ttimes as fast\t\n", header)
	var ratios []float64
	for round := range n + 1 {
		row, ratio, err := measure()
		if err != nil {
			return err
		}
		if round > 0 {
			ratios = append(ratios, ratio)
			fmt.Fprintf(w, "%d\t%s\t%.2f\t\n", round, row, ratio)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "median: %.2f times as fast as tcpdump\n\n", median(ratios))
	return err
}

// mode is a way to run pmtud.
type mode struct {
	name string
	run  func(path string) program
}

// contender is a program that is flooded in turn with others.
type contender struct {
	name string
	program
	times []time.Duration // for each packet, of each round
}

// compare floods tcpdump and pmtud in each of its modes in turn, and so the base if there is one.
func (b *bench) compare(ctx context.Context) error {
	theirs := &contender{name: "tcpdump", program: b.tcpdump}
	all, ours, base := []*contender{theirs}, []*contender(nil), []*contender(nil)
	for _, m := range b.modes {
		ours = append(ours, &contender{name: m.name, program: m.run(b.Pmtud)})
		all = append(all, ours[len(ours)-1])
		if b.Base != "" {
			base = append(base, &contender{name: m.name + " (base)", program: m.run(b.Base)})
			all = append(all, base[len(base)-1])
		}
	}
	var predecessor *contender
	if b.original != nil {
		predecessor = &contender{name: b.original.name, program: *b.original}
		all = append(all, predecessor)
	}
	if err := b.floodInTurn(ctx, all); err != nil {
		return err
	}
	times := []CPUTime{{theirs.name, median(theirs.times)}}
	for i, c := range ours {
		fmt.Fprintf(b.out, "median: %s takes %.2f times tcpdump's CPU time", c.name, c.ratio(theirs))
		if b.Base != "" {
			fmt.Fprintf(b.out, ", %.2f times the base's", c.ratio(base[i]))
		}
		if predecessor != nil {
			fmt.Fprintf(b.out, ", %.2f times the original's", c.ratio(predecessor))
		}
		fmt.Fprintln(b.out)
		times = append(times, CPUTime{"pmtud, " + c.name, median(c.times)})
	}
	fmt.Fprintln(b.out)
	if b.Compared != nil {
		b.Compared(b.name, times)
	}
	return nil
}

// floodInTurn floods programs in each round, and prints a row each. Their ratios are to the first.
func (b *bench) floodInTurn(ctx context.Context, all []*contender) error {
	fmt.Fprintf(b.out, "%s: CPU time for each packet under a flood (%v each)\n", b.name, b.Flood)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "round\tprogram\tns a packet\tof tcpdump's\tat Mpps\tlost\tMiB resident\t")
	for round := range b.Rounds {
		for _, c := range all {
			r, err := b.expose(ctx, c.program, b.rate, b.Flood)
			if err != nil {
				return err
			}
			c.times = append(c.times, r.perPacket())
			ratio := float64(c.times[round]) / float64(all[0].times[round])
			fmt.Fprintf(w, "%d\t%s\t%d\t%.2f\t%.2f\t%s\t%.1f\t\n", round+1, c.name, r.perPacket(), ratio, r.rate()/1e6, r.share(), float64(r.memory)/(1<<20))
		}
	}
	return w.Flush()
}

// ratio returns the median of the ratios to another's times.
func (c *contender) ratio(other *contender) float64 {
	ratios := make([]float64, len(c.times))
	for i, t := range c.times {
		ratios[i] = float64(t) / float64(other.times[i])
	}
	return median(ratios)
}

func median[T cmp.Ordered](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

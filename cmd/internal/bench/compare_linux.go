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

// mode is a configuration of pmtud.
type mode struct {
	name string
	program
}

// compare floods tcpdump and pmtud in each of its modes in turn.
func (b *bench) compare(ctx context.Context) error {
	fmt.Fprintf(b.out, "%s: CPU time for each packet under a flood (%v each)\n", b.name, b.Flood)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "round\tprogram\tns a packet\tof tcpdump's\tat Mpps\tlost\tMiB resident\t")
	ratios := make([][]float64, len(b.modes))
	times := make([][]time.Duration, 1+len(b.modes)) // tcpdump's first
	for round := 1; round <= b.Rounds; round++ {
		theirs, err := b.expose(ctx, b.tcpdump, b.rate, b.Flood)
		if err != nil {
			return err
		}
		theirs.print(w, round, "tcpdump", 1)
		times[0] = append(times[0], theirs.perPacket())
		for i, m := range b.modes {
			ours, err := b.expose(ctx, m.program, b.rate, b.Flood)
			if err != nil {
				return err
			}
			ratio := float64(ours.perPacket()) / float64(theirs.perPacket())
			ours.print(w, round, m.name, ratio)
			ratios[i], times[1+i] = append(ratios[i], ratio), append(times[1+i], ours.perPacket())
		}
	}
	err := w.Flush()
	all := []CPUTime{{"tcpdump", median(times[0])}}
	for i, m := range b.modes {
		fmt.Fprintf(b.out, "median: %s takes %.2f times tcpdump's CPU time\n", m.name, median(ratios[i]))
		all = append(all, CPUTime{"pmtud, " + m.name, median(times[1+i])})
	}
	fmt.Fprintln(b.out)
	if b.Compared != nil {
		b.Compared(b.name, all)
	}
	return err
}

func median[T cmp.Ordered](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// print prints the row of a program.
func (r result) print(w io.Writer, round int, name string, ratio float64) {
	fmt.Fprintf(w, "%d\t%s\t%d\t%.2f\t%.2f\t%s\t%.1f\t\n", round, name, r.perPacket(), ratio, r.rate()/1e6, r.share(), float64(r.memory)/(1<<20))
}

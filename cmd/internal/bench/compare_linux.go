package bench

import (
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
	slices.Sort(ratios)
	_, err := fmt.Fprintf(out, "median: %.2f times as fast as tcpdump\n\n", ratios[len(ratios)/2])
	return err
}

// compare floods both programs in turn.
func (b *bench) compare(ctx context.Context) error {
	fmt.Fprintf(b.out, "%s: CPU time for each packet, in ns, under a flood (%v a round)\n", b.name, b.Flood)
	var ourTimes, theirTimes []time.Duration
	err := rounds(b.out, b.Rounds, "pmtud\tat Mpps\tlost\ttcpdump\tat Mpps\tlost", func() (string, float64, error) {
		ours, err := b.expose(ctx, b.pmtud, b.rate, b.Flood)
		if err != nil {
			return "", 0, err
		}
		theirs, err := b.expose(ctx, b.tcpdump, b.rate, b.Flood)
		ourTimes, theirTimes = append(ourTimes, ours.perPacket()), append(theirTimes, theirs.perPacket())
		row := fmt.Sprintf("%d\t%.2f\t%s\t%d\t%.2f\t%s",
			ours.perPacket(), ours.rate()/1e6, ours.share(), theirs.perPacket(), theirs.rate()/1e6, theirs.share())
		return row, float64(theirs.perPacket()) / float64(ours.perPacket()), err
	})
	if err == nil && b.Compared != nil {
		b.Compared(b.name, median(ourTimes[1:]), median(theirTimes[1:]))
	}
	return err
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

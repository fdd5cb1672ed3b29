package bench

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
)

// rates are the rates that are tried, in packets per second, falling.
var rates = []int{flood.Unlimited, 1_000_000, 800_000, 600_000, 400_000, 200_000, 100_000, 50_000, 20_000}

// findRates looks for the highest rate that tcpdump bears without losing a packet,
// and shows what pmtud does at each of them.
func (b *bench) findRates(ctx context.Context) error {
	fmt.Fprintln(b.out, b.name+": losses by rate, down to the one that tcpdump bears without loss")
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "Mpps\ttcpdump lost\tns a packet\tpmtud lost\tns a packet\t")
	for _, rate := range rates {
		theirs, err := b.expose(ctx, b.tcpdump, rate, b.Flood)
		if err != nil {
			return err
		}
		ours, err := b.expose(ctx, b.pmtud, rate, b.Flood)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%.2f\t%d of %d\t%d\t%d of %d\t%d\t\n", theirs.rate()/1e6,
			theirs.lost, theirs.sent, theirs.perPacket(), ours.lost, ours.sent, ours.perPacket())
		if theirs.lost == 0 {
			break
		}
	}
	fmt.Fprintln(w)
	return w.Flush()
}

package scale

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"
)

// Sizes are the numbers of servers in the tables.
var Sizes = []int{10, 100, 1000, 10_000}

// MinSize is the smallest number of servers that can be simulated: of one that gets the genuine
// messages, one that they are for, and one more.
const MinSize = 3

// attack is that of the table: every server gets twice what the recommended limit lets pass.
var attack = Attack{Each: 1000, Clients: 100}

// Write writes the tables of this package's documentation for clusters of so many servers.
func Write(out io.Writer, sizes []int) error {
	fmt.Fprint(out, "The recommended limit at every sending side, none at the receiving side:\n\n")
	if err := writeLoads(out, sizes, func(int) Limit { return recommended }); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nA limit for the number of servers, so that nobody gets more than %d per second:\n\n", Budget)
	if err := writeLoads(out, sizes, Advise); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nClients that are healed, of %d behind one router that begin meanwhile, all of whose\nmessages come to one server:\n\n", attack.Clients)
	return writeOutcomes(out, sizes)
}

func writeLoads(out io.Writer, sizes []int, limit func(servers int) Limit) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "servers\trate\tburst\tbroadcast sends\tothers send\treceived\tat first\tMbit/s\tby relay\t")
	for _, n := range sizes {
		l := limit(n)
		broadcast, peers, relay := transports[0].load(n, l), transports[1].load(n, l), transports[2].load(n, l)
		fmt.Fprintf(w, "%d\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n",
			n, l.Rate, l.Burst, broadcast.sent, peers.sent, peers.received, peers.first, peers.mbps, relay.mbps)
	}
	return w.Flush()
}

// receivingSides are what the clients' messages have to pass besides.
var receivingSides = []Limit{receiving, recommended}

func writeOutcomes(out io.Writer, sizes []int) error {
	outcomes := make([][2]Outcome, len(sizes))
	errs := make([][2]error, len(sizes))
	var running sync.WaitGroup
	for i, n := range sizes {
		for k, l := range receivingSides {
			running.Go(func() { outcomes[i][k], errs[i][k] = Simulate(n, Advise(n), l, attack, 1) })
		}
	}
	running.Wait()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "servers\treceiving side at %.0f\treceiving side at %.0f\t\n", receiving.Rate, recommended.Rate)
	for i, n := range sizes {
		for _, err := range errs[i] {
			if err != nil {
				return fmt.Errorf("simulate %d servers: %w", n, err)
			}
		}
		fmt.Fprintf(w, "%d\t%v\t%v\t\n", n, outcomes[i][0], outcomes[i][1])
	}
	return w.Flush()
}

// String returns for example: 100 of 100, 99% within 1.4 s. The number of fewer clients is
// rounded to a tenth of all, since it depends on the seed.
func (o Outcome) String() string {
	if o.Within == Never {
		tenths := (10*o.Healed + o.Clients/2) / o.Clients
		return fmt.Sprintf("about %d of %d", tenths*o.Clients/10, o.Clients)
	}
	return fmt.Sprintf("%d of %d, 99%% within %.1f s", o.Healed, o.Clients, o.Within.Round(100*time.Millisecond).Seconds())
}

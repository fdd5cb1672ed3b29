package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// legend explains the columns of the table.
const legend = `first, all: time to the first and to the last byte. sent: broadcasts in all; in any
second of all daemons, of one, and what its limit allows it; about a client on average,
in all and in any second at most. lost: messages that came too fast for the daemons.
`

// CompareRecovery makes the experiment without pmtud, with its original limits, with
// the recommended configuration and others, and writes a table of the results.
// config.Arguments is ignored; files are configurations that use [Interface]. It
// returns the results, which are in the table, and an error if a figure can't be relied on.
func CompareRecovery(ctx context.Context, config RecoveryConfig, files []string, out io.Writer) ([]Compared, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pmtud-lab-")
	if err != nil {
		return nil, fmt.Errorf("measure recovery: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	all, err := setups(ctx, dir, files)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%d clients behind one router start a download of %d kB each over %v, %v to complete%s\n%s",
		config.Clients, config.Bytes/1000, config.Family, config.Limit, attackText(config.Flood), legend)
	return compare(ctx, config, all, out)
}

// Compared is what came of one of several ways to run pmtud.
type Compared struct {
	Name string
	Recovery
}

func compare(ctx context.Context, config RecoveryConfig, all []setup, out io.Writer) ([]Compared, error) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tcompleted\tfirst p50\tp99\tall p50\tp99\tmax\tsent\tin 1 s\tby one\tallowed\ta client\tmost\tin 1 s\tlost\tforged/s\t")
	var results []Compared
	var errs []error
	for _, s := range all {
		r, err := s.run(ctx, config)
		if err != nil {
			return nil, fmt.Errorf("measure recovery with %s: %w", s.name, err)
		}
		r.writeRow(w, s)
		results = append(results, Compared{s.name, r})
		errs = append(errs, r.Check())
	}
	errs = append(errs, w.Flush())
	return results, errors.Join(errs...)
}

func attackText(rate int) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf(", under an attack of %d forged messages per second", rate)
}

// writeRow writes a line of the table.
func (r Recovery) writeRow(w io.Writer, s setup) {
	average, most := r.Copies.CopiesPerClient()
	fmt.Fprintf(w, "%s\t%d of %d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%.1f\t%d\t%d\t%d\t%.0f\t\n",
		s.name, r.Completed(), len(r.Downloads),
		seconds(r.RecoveredWithin(0.5)), seconds(r.RecoveredWithin(0.99)),
		seconds(r.Within(0.5)), seconds(r.Within(0.99)), seconds(r.Within(1)),
		r.Copies.Broadcasts, r.Copies.InOneSecondOfAll, r.Copies.InOneSecond, s.most,
		average, most, r.Copies.ClientInOneSecond, r.Lost(), r.Forged)
}

func seconds(d time.Duration) string {
	if d == Never {
		return "never"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

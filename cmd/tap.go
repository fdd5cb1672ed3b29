package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control/tapfile"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
)

const tapHelp = `Tap shows packets of the running daemon as it decides about them, with the
verdict, until it is interrupted or -n packets have been shown.

Without options it shows all packets. Options that select packets are combined
with "and"; those that take addresses take several, separated by commas. --expr
takes an expression as the filter expr does.

The daemon never waits for tap: packets that arrive faster than --rate, or than
the output can take them, are left out and counted on standard error.`

const tapExample = `  pmtud tap --drop -n 10
  pmtud tap --client 198.51.100.0/24 --format json
  pmtud tap --expr 'family == 6 && mtu < 1400'
  pmtud tap --write - | wireshark -k -i -`

// tapOptions are those of the command besides what selects.
type tapOptions struct {
	client        control.Client
	query         control.TapQuery
	drop, forward bool
	count         uint64
	format        *choice
	write         string
}

func (a *app) tapCommand() *cobra.Command {
	var o tapOptions
	c := &cobra.Command{
		Use:                   "tap [options]",
		Short:                 "show packets of the running daemon, with verdicts",
		Long:                  tapHelp,
		Example:               tapExample,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return a.tap(c.Context(), o)
		},
	}
	f, q := c.Flags(), &o.query
	f.SortFlags = false
	f.BoolVar(&o.drop, "drop", false, "only packets that were dropped")
	f.BoolVar(&o.forward, "forward", false, "only packets that were forwarded")
	f.StringVar(&q.Stage, "stage", "", "only packets that this `STAGE` dropped")
	f.StringVar(&q.Reason, "reason", "", "only packets that were dropped for this `REASON`")
	f.StringVar(&q.Router, "router", "", "only packets from `ADDRESSES` or prefixes")
	f.StringVar(&q.Client, "client", "", "only packets about connections with `ADDRESSES` or prefixes")
	f.StringVar(&q.Target, "target", "", "only packets to `ADDRESSES` or prefixes")
	f.StringVar(&q.MTU, "mtu", "", "only packets with this next-hop `MTU`, or a range such as 1280..1400")
	f.StringVar(&q.Expr, "expr", "", "only packets for which this `EXPRESSION` holds")
	f.StringVar(&q.Pipeline, "pipeline", "", "only packets of the pipeline with this `NAME`")
	f.Uint64VarP(&o.count, "count", "n", 0, "exit after this many `PACKETS`")
	f.IntVar(&q.Rate, "rate", 0, "show at most this many packets per second, `PPS` (default 1000)")
	f.StringVar(&o.write, "write", "", "write pcapng to `FILE`, - for standard output, instead of lines")
	o.format = addFormatFlag(c, "text", "json")
	a.addControlFlag(c, &o.client)
	return c
}

// check finds mistakes in the options.
func (o *tapOptions) check() error {
	switch {
	case o.drop && o.forward:
		return errors.New("--drop and --forward can't be used together")
	case o.drop:
		o.query.Verdict = "drop"
	case o.forward:
		o.query.Verdict = "forward"
	}
	if o.query.Rate < 0 {
		return fmt.Errorf("--rate: %d is not a number of packets per second", o.query.Rate)
	}
	o.query.Data = o.write != ""
	if err := o.query.Check(); err != nil {
		return fmt.Errorf("--%w", err) // parameters are called like options
	}
	return nil
}

// checkNames finds names that the daemon does not have: nothing would ever come.
func (o *tapOptions) checkNames(s control.Status) error {
	var pipelines []string
	stages, reasons := []string{"engine"}, []string{"canary"}
	for _, p := range s.Pipelines {
		if p.State == control.Silent {
			return nil // nobody knows its stages
		}
		pipelines = append(pipelines, p.Name)
		for _, f := range p.Filters {
			stages = append(stages, f.Name)
			for _, r := range f.Dropped {
				reasons = append(reasons, r.Reason)
			}
		}
	}
	for _, n := range []struct {
		what, name string
		names      []string
	}{{"pipeline", o.query.Pipeline, pipelines}, {"stage", o.query.Stage, stages}, {"reason", o.query.Reason, reasons}} {
		if n.name != "" && !slices.Contains(n.names, n.name) {
			slices.Sort(n.names)
			return fmt.Errorf("--%s: %w", n.what, spelling.UnknownName(n.what, n.name, slices.Compact(n.names)))
		}
	}
	return nil
}

func (a *app) tap(ctx context.Context, o tapOptions) error {
	if o.query.Pipeline+o.query.Stage+o.query.Reason != "" {
		s, err := o.client.Status(ctx)
		if err != nil {
			return a.failed(err)
		}
		if err := o.checkNames(s); err != nil {
			return err
		}
	}
	lines, err := o.client.Tap(ctx, o.query)
	if err != nil {
		return a.failed(err)
	}
	defer lines.Close()
	out := tapfile.Writer(tapfile.JSON{Writer: a.Stdout})
	switch {
	case o.write == "-":
		out = tapfile.NewPcapng(a.Stdout, a.Name+" "+a.Version)
	case o.write != "":
		f, err := os.OpenFile(o.write, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return a.failed(err)
		}
		defer f.Close()
		out = tapfile.NewPcapng(f, a.Name+" "+a.Version)
	case o.format.value == "text":
		out = &tapfile.Text{Writer: columns.Folded(a.Stdout, hanging)}
	}
	missed, err := copyTap(out, bufio.NewReader(lines), o.count)
	a.tellMissed(missed)
	if err != nil && ctx.Err() == nil {
		return a.failed(err)
	}
	return nil
}

// copyTap writes packets until so many have come, or the stream ends. It returns what was
// missed.
func copyTap(out tapfile.Writer, in *bufio.Reader, count uint64) (missed control.Missed, err error) {
	for n := uint64(0); count == 0 || n < count; {
		text, err := in.ReadSlice('\n')
		if err != nil {
			return missed, errors.Join(out.Flush(), ended(err))
		}
		if bytes.HasPrefix(text, []byte(`{"missed":`)) {
			if err := json.Unmarshal(text, &struct {
				Missed *control.Missed `json:"missed"`
			}{&missed}); err != nil {
				return missed, fmt.Errorf("read packets: %w", err)
			}
			continue
		}
		n++
		if err := out.Write(text); err != nil {
			return missed, err
		}
		if in.Buffered() == 0 || n == count {
			if err := out.Flush(); err != nil {
				return missed, err
			}
		}
	}
	return missed, nil
}

// ended says what the end of the stream means: the daemon never ends it.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the daemon has ended")
	}
	return fmt.Errorf("read packets: %w", err)
}

// tellMissed says what was not shown.
func (a *app) tellMissed(m control.Missed) {
	for _, l := range []struct {
		n   uint64
		why string
	}{
		{m.Lost, "lost because the output was too slow"},
		{m.Skipped, "left out because they came faster than --rate"},
		{m.Unread, "left in the kernel while a limit was exhausted, whether selected or not"},
	} {
		if l.n > 0 {
			a.complain(fmt.Errorf("%d packets were %s", l.n, l.why))
		}
	}
}

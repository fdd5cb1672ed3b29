package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/offline/output"
	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/cmd/internal/offline/report"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

const replayHelp = `Replay decides about captured packets as the daemon would have, and sends
nothing. It needs no privileges, does not use the network, and touches only the
files you name.

Captures are pcap or pcapng files, plain, gzip or zstd; "-" is standard input.
Several are merged by time; packets are then named by capture and number.
Numbers count every packet of a capture, as Wireshark and tcpdump do. Packets
that the daemon would not have captured, such as outgoing ones, are counted by
reason. The pipeline is that of -c, or the one that the original options
describe. Captures replace its sources, and recorders its sinks.`

const replayExample = `  pmtud replay -c edge.yaml ptb.pcap
  pmtud replay --ports 80,443 --write sent.pcap ptb.pcap
  pmtud replay -c edge.yaml --report report.html ptb.pcap`

// replayOptions are the options of replay, as they were written.
type replayOptions struct {
	offline
	write    string
	verdicts string
	report   string
	speed    string
}

func (a *app) replayCommand() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:                   "replay [-c FILE | options] CAPTURE...",
		Short:                 "decide about captures offline, without sending anything",
		Long:                  replayHelp,
		Example:               replayExample,
		Args:                  someOperands("CAPTURE"),
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeCaptures,
		RunE: func(c *cobra.Command, captures []string) error {
			return a.replay(c.Context(), &o, captures)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVarP(&o.write, "write", "w", "", "capture `FILE` to write what the sinks would have sent to: pcapng if it ends in .pcapng, else pcap; compressed if .gz or .zst follows; - for standard output")
	c.Flags().StringVar(&o.verdicts, "verdicts", "", "`FILE` to write a JSON object for each packet to; - for standard output")
	c.Flags().StringVar(&o.report, "report", "", "`FILE` to write an HTML page with charts of the result to; - for standard output")
	c.Flags().StringVar(&o.speed, "speed", "max", "`SPEED`: max, original, or a factor such as 2 or 0.5")
	a.registerOffline(c, &o.offline)
	completeFlag(c, "speed", fixed("max", "original"))
	return c
}

func (a *app) replay(ctx context.Context, o *replayOptions, captures []string) (err error) {
	var run replay.Options
	if err := run.Speed.UnmarshalText([]byte(o.speed)); err != nil {
		return fmt.Errorf("--speed: %w", err)
	}
	spec, err := a.offlineSpec(ctx, &o.offline)
	if err != nil {
		return err
	}
	outputs := output.Set{Stdin: a.Stdin, Stdout: a.Stdout, Inputs: slices.Concat(o.paths, captures)}
	defer func() { err = errors.Join(err, a.failed(outputs.Close())) }()
	if run.Write, err = outputs.Create("--write", o.write); err != nil {
		return err
	}
	if run.Verdicts, err = outputs.Create("--verdicts", o.verdicts); err != nil {
		return err
	}
	page, err := outputs.Create("--report", o.report)
	if err != nil {
		return err
	}
	run.WriteFormat = capfile.FormatOf(o.write)
	run.Captures, run.Stdin = captures, a.Stdin
	if page == nil {
		_, err := a.runReplay(ctx, spec, run, outputs.StdoutUsed())
		return a.failed(err)
	}
	return a.failed(a.reportReplay(ctx, spec, run, outputs.StdoutUsed(), page))
}

// reportReplay writes a page about what was replayed, whatever kept the rest from it.
func (a *app) reportReplay(ctx context.Context, spec pipeline.Spec, o replay.Options, stdoutUsed bool, page io.Writer) error {
	r := report.New()
	o.Observe = r.Add
	summary, err := a.runReplay(ctx, spec, o, stdoutUsed)
	if summary == nil {
		return err
	}
	p := report.Page{Title: "Replay through " + spec.Name, Program: a.UserAgent()}
	p.Add(r, report.About{Pipeline: spec.Name, Captures: o.Captures, Trouble: told(err)}, summary)
	return errors.Join(err, p.Write(page))
}

// runReplay prints the summary to standard output, unless that is used for other
// things. There is none where nothing could be read.
func (a *app) runReplay(ctx context.Context, spec pipeline.Spec, o replay.Options, stdoutUsed bool) (*replay.Summary, error) {
	bar := newProgressBar(a.Stderr, o.Captures)
	o.Progress = bar.show
	o.Warn = func(warning error) {
		bar.clear()
		a.warn(warning)
	}
	summary, err := replay.Run(ctx, spec, o)
	bar.clear()
	if summary != nil && (summary.Packets > 0 || err == nil) {
		out := a.Stdout
		if stdoutUsed {
			out = a.Stderr
		}
		err = errors.Join(err, summary.Print(out))
	}
	return summary, err
}

// warn prints what is odd but no mistake.
func (a *app) warn(warning error) { a.complain(fmt.Errorf("warning: %w", warning)) }

// failed prints why the program failed while running.
func (a *app) failed(err error) error {
	if err == nil {
		return nil
	}
	a.complain(told(err))
	return errFailed
}

// told returns an error as people are to read it.
func told(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

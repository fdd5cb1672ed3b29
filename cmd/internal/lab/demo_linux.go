package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Demo makes the experiment without and with pmtud, for IPv4 and IPv6, for services that
// are sockets of the servers and such that are containers, all at the same time in networks
// of their own, and reports what came of it. It returns the results by pairs, without and with
// pmtud, and an error if anything was not as it must be. config.Family and Backend are ignored; config.Arguments are for the runs with
// pmtud and sockets.
func Demo(ctx context.Context, config Config, out io.Writer) ([]Result, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%d servers share one address behind an ECMP router; %s behind a link\nwith MTU %d. "+
		"A download hangs when it makes no progress for %v, so this\ntakes up to a minute.\n",
		config.Servers, readable.Count(config.Clients, "client"), config.MTU, config.Stall)
	var results []Result
	var errs []error
	for _, c := range begin(ctx, config) {
		withDots(out, c.running.Wait)
		if ctx.Err() == nil {
			errs = append(errs, c.report(out))
			results = append(results, c.without.result, c.with.result)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	err = errors.Join(errs...)
	if err == nil {
		fmt.Fprintln(out, verdict(results))
	}
	return results, err
}

// withDots calls wait and writes a dot each second meanwhile.
func withDots(out io.Writer, wait func()) {
	over := make(chan struct{})
	go func() { defer close(over); wait() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-over:
			fmt.Fprintln(out)
			return
		case <-tick.C:
			fmt.Fprint(out, ".")
		}
	}
}

// verdict says what came of all downloads, which did as they must.
func verdict(results []Result) string {
	var hung, completed, without, with int
	for _, r := range results {
		if r.withPmtud() {
			completed += r.Completed
			with += len(r.Downloads)
		} else {
			hung += r.Hung
			without += len(r.Downloads)
		}
	}
	return fmt.Sprintf("\nPassed: without pmtud %d of %d downloads hung,\nwith pmtud %d of %d completed.", hung, without, completed, with)
}

// chapter is the part of the demonstration that is about one family and one kind of
// service.
type chapter struct {
	title         string
	running       sync.WaitGroup
	without, with experiment
	singles       []Single
	singlesErr    error
}

type experiment struct {
	result Result
	err    error
}

func (e *experiment) run(ctx context.Context, config Config) { e.result, e.err = Run(ctx, config) }

// begin starts everything.
func begin(ctx context.Context, config Config) (chapters []*chapter) {
	for _, config.Family = range []Family{IPv4, IPv6} {
		chapters = append(
			chapters,
			beginChapter(ctx, config.Family.String(), config),
			beginChapter(ctx, config.Family.String()+", a container of each server behind destination NAT", config.inContainers()),
		)
	}
	return chapters
}

// inContainers returns the experiment for services that only whole messages heal.
func (c Config) inContainers() Config {
	c.Backend = InContainer
	c.Arguments, c.Configuration = nil, Relaying()
	return c
}

func beginChapter(ctx context.Context, title string, with Config) *chapter {
	c := &chapter{title: title}
	without := with
	without.Arguments, without.Configuration = nil, nil
	c.running.Go(func() { c.without.run(ctx, without) })
	c.running.Go(func() { c.with.run(ctx, with) })
	c.running.Go(func() { c.singles, c.singlesErr = RunSingle(ctx, with) })
	return c
}

// report writes what came of the experiments, which are over.
func (c *chapter) report(out io.Writer) error {
	fmt.Fprintln(out, c.title)
	var errs []error
	for _, e := range []experiment{c.without, c.with} {
		err := e.err
		if err == nil {
			reportLine(out, e.result.String())
			err = e.result.Check()
		}
		errs = append(errs, err)
	}
	errs = append(errs, c.reportSingles(out))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", c.title, err)
	}
	return nil
}

func (c *chapter) reportSingles(out io.Writer) error {
	errs := []error{c.singlesErr}
	for _, s := range c.singles {
		reportLine(out, "one PTB alone: "+s.String())
		errs = append(errs, s.Check())
	}
	return errors.Join(errs...)
}

// reportLine writes a line below a title, wrapped for a plain terminal behind its colon.
func reportLine(out io.Writer, line string) {
	name, text, _ := strings.Cut(line, ":")
	for _, l := range columns.Hang(fmt.Sprintf("  %-15s", name+": "), text) {
		fmt.Fprintln(out, l)
	}
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Demo makes the experiment without and with pmtud, for IPv4 and IPv6, all at
// the same time in networks of their own, and tells what came of it. It returns
// an error if anything was not as it must be. config.Family is ignored;
// config.Arguments are for the runs with pmtud.
func Demo(ctx context.Context, config Config, out io.Writer) error {
	config, err := config.withDefaults()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d servers share one address behind an ECMP router; %s behind a link with MTU %d.\n"+
		"A download hangs when it makes no progress for %v. Please wait a little longer than that.\n",
		config.Servers, count(config.Clients, "client"), config.MTU, config.Stall)
	var errs []error
	for _, c := range begin(ctx, config) {
		c.running.Wait()
		if ctx.Err() == nil {
			errs = append(errs, c.tell(out))
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(errs...)
}

// chapter is one family's part of the demonstration.
type chapter struct {
	family        Family
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
func begin(ctx context.Context, config Config) []*chapter {
	chapters := []*chapter{{family: IPv4}, {family: IPv6}}
	for _, c := range chapters {
		with := config
		with.Family = c.family
		without := with
		without.Arguments = nil
		c.running.Go(func() { c.without.run(ctx, without) })
		c.running.Go(func() { c.with.run(ctx, with) })
		c.running.Go(func() { c.singles, c.singlesErr = RunSingle(ctx, with) })
	}
	return chapters
}

// tell writes what came of the family's experiments, which are over.
func (c *chapter) tell(out io.Writer) error {
	fmt.Fprintf(out, "\n%v\n", c.family)
	var errs []error
	for _, e := range []experiment{c.without, c.with} {
		err := e.err
		if err == nil {
			fmt.Fprintln(out, " ", e.result)
			err = e.result.Check()
		}
		errs = append(errs, err)
	}
	errs = append(errs, c.tellSingles(out))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%v: %w", c.family, err)
	}
	return nil
}

func (c *chapter) tellSingles(out io.Writer) error {
	errs := []error{c.singlesErr}
	for _, s := range c.singles {
		fmt.Fprintln(out, "  one PTB alone:", s)
		errs = append(errs, s.Check())
	}
	return errors.Join(errs...)
}

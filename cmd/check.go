package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/offline/diagnose"
)

func (a *app) checkCommand() *cobra.Command {
	var paths []string
	var format *choice
	var host bool
	c := &cobra.Command{
		Use:   "check -c FILE|DIR [-c ...]",
		Short: "check configuration files, without starting anything",
		Long: `Check reads the files and builds their pipelines as "pmtud run" does, but stops
before it opens anything. It needs no privileges and changes nothing.

Mistakes are printed to standard error for people, or to standard output as JSON
or SARIF for programs. The exit status is 2 if there are any. What works but may
not be intended is printed as a warning: settings that send more than PTBs or
send from the router's address, and sinks that would send a message twice.

With --host it also examines this host as it is now: interfaces and their MTUs,
capabilities, NFLOG groups, files, routes to peers, and kernel settings that
decide whether messages are used. Run it with the same capabilities as the
daemon; files are also checked as the configured user. The exit status is 1 if
something will not work.`,
		Example: `  pmtud check -c edge.yaml
  sudo pmtud check --host -c edge.yaml
  pmtud check -c /etc/pmtud --format sarif > pmtud.sarif`,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.check(c.Context(), paths, format.value, host)
		},
	}
	addConfigFlag(c, &paths)
	format = addFormatFlag(c, textFormat, diagnose.JSON, diagnose.SARIF)
	c.Flags().BoolVar(&host, "host", false, "examine this host too")
	return c
}

// textFormat is readable text, besides the formats of package diagnose.
const textFormat = "text"

func (a *app) check(ctx context.Context, paths []string, format string, host bool) error {
	if host && format == diagnose.SARIF {
		return errors.New("--host: SARIF is about files; use --format text or json")
	}
	f, err := a.Load(ctx, paths)
	if f == nil {
		return err
	}
	err = daemon.CheckUser(f, err)
	var mistakes config.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		return err
	}
	if format == textFormat && len(mistakes) > 0 {
		a.printSound(f, mistakes)
		return mistakes
	}
	report := diagnose.Report{Files: f.Names, Mistakes: mistakes, Version: a.Version}
	if err == nil {
		report.Mistakes = f.Warnings()
	}
	if host && err == nil {
		if report.Host, err = a.CheckHost(ctx, f); err != nil {
			return err
		}
	}
	if err := a.printReport(f, format, report); err != nil {
		return a.failed(err)
	}
	return verdict(report)
}

// printReport prints what was found in a format.
func (a *app) printReport(f *config.File, format string, r diagnose.Report) error {
	if format != textFormat {
		return diagnose.Write(a.Stdout, format, r)
	}
	if len(r.Mistakes) > 0 {
		a.say(diagnose.Text(r.Mistakes, isTerminal(a.Stderr)))
	}
	a.printSound(f, r.Mistakes)
	return hostcheck.Print(columns.Folded(a.Stdout, hostcheck.Indent), r.Host)
}

// verdict returns the error that the exit status is made of, of what was printed.
func verdict(r diagnose.Report) error {
	switch {
	case slices.ContainsFunc(r.Mistakes, isError):
		return errReported
	case hostcheck.HasProblem(r.Host):
		return errFailed
	}
	return nil
}

func isError(m config.Mistake) bool { return !m.Warning }

// printSound prints the names of files without mistakes.
func (a *app) printSound(f *config.File, mistakes config.Mistakes) {
	for _, name := range f.Names {
		state := "ok"
		if slices.Contains(f.Empty, name) {
			state = "declares nothing"
		}
		if !slices.ContainsFunc(mistakes, func(m config.Mistake) bool { return isError(m) && m.File == name }) {
			fmt.Fprintf(columns.Folded(a.Stdout, hanging), "%s: %s\n", name, state)
		}
	}
}

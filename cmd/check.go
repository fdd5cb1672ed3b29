package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/diagnose"
)

func (a *app) checkCommand() *cobra.Command {
	var paths []string
	var format *choice
	c := &cobra.Command{
		Use:   "check -c FILE|DIR [-c ...]",
		Short: "report every mistake in configuration files, start nothing",
		Long: `Check reads the files and builds their pipelines as "pmtud run" does, and stops
before it would open anything. It needs no privileges and changes nothing.

Mistakes are printed for people, on standard error, or on standard output as JSON or
SARIF for machines. The exit status is 2 if there are any.`,
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			return a.check(paths, format.value)
		},
	}
	addConfigFlag(c, &paths)
	format = addFormatFlag(c, textFormat, diagnose.JSON, diagnose.SARIF)
	return c
}

// textFormat is the format for people, besides those of package diagnose.
const textFormat = "text"

func (a *app) check(paths []string, format string) error {
	f, err := a.load(paths)
	if f == nil {
		return err
	}
	var mistakes config.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		return err
	}
	if format == textFormat {
		a.printSound(f, mistakes)
		return err
	}
	report := diagnose.Report{Files: f.Names, Mistakes: mistakes, Version: version()}
	if err := diagnose.Write(a.Stdout, format, report); err != nil {
		return a.failed(err)
	}
	if len(mistakes) > 0 {
		return errReported
	}
	return nil
}

// printSound prints the names of files without mistakes.
func (a *app) printSound(f *config.File, mistakes config.Mistakes) {
	for _, name := range f.Names {
		if !slices.ContainsFunc(mistakes, func(m config.Mistake) bool { return m.File == name }) {
			fmt.Fprintf(a.Stdout, "%s: ok\n", name)
		}
	}
}

package cmd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

func (a *app) checkCommand() *cobra.Command {
	var paths []string
	c := &cobra.Command{
		Use:   "check -c FILE|DIR [-c ...]",
		Short: "report every mistake in configuration files, start nothing",
		Long: `Check reads the files and builds their pipelines as "pmtud run" does, and stops
before it would open anything. It needs no privileges and changes nothing.`,
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			return a.check(paths)
		},
	}
	addConfigFlag(c, &paths)
	return c
}

func (a *app) check(paths []string) error {
	f, err := a.load(paths)
	if f == nil {
		return err
	}
	var mistakes config.Mistakes
	errors.As(err, &mistakes)
	for _, name := range f.Names {
		if !slices.ContainsFunc(mistakes, func(m config.Mistake) bool { return m.File == name }) {
			fmt.Fprintf(a.Stdout, "%s: ok\n", name)
		}
	}
	return err
}

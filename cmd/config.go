package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config/write"
)

func (a *app) configCommand() *cobra.Command {
	var paths []string
	var format *choice
	var written, origins bool
	c := &cobra.Command{
		Use:   "config -c FILE|DIR [-c ...]",
		Short: "show the effective configuration, with defaults and origins",
		Long: `Config prints the effective configuration of all the files together, with
defaults filled in and variables replaced. With --origins each value has a
comment: "default", or the file, line and column where it is written and the
variables it came from. Secrets from variables are printed too.

The output is a complete configuration in any format you choose, whatever the
formats of the files.`,
		Example: `  pmtud config -c edge.yaml --origins
  pmtud config -c edge.yaml --written --format toml > edge.toml`,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if origins && format.value == "json" {
				return errors.New("--origins needs --format yaml or toml: JSON has no comments")
			}
			f, err := a.Load(c.Context(), paths)
			if err != nil {
				return err
			}
			return a.printDocument(write.Effective(f, write.View{Defaults: !written, Origins: origins}), format.value)
		},
	}
	addConfigFlag(c, &paths)
	format = addFormatFlag(c, "yaml", "toml", "json")
	c.Flags().BoolVar(&written, "written", false, "leave out defaults that are not written in the files")
	c.Flags().BoolVar(&origins, "origins", false, "say in a comment where each value comes from")
	return c
}

func (a *app) printDocument(d *write.Document, format string) error {
	text, err := d.Marshal(format)
	if err != nil {
		return err
	}
	if _, err := a.Stdout.Write(text); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return nil
}

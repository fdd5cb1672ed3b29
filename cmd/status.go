package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control/screen"
)

const statusHelp = `Status asks the running daemon and prints one screen: what runs and since when,
packets by stage and reason with their rates over the last 10 seconds and the
last minute, queues, losses, peers, complaints, and the last reload.

The exit status is 0 if all is well, and 1 if the daemon complains or cannot be
reached. --format json prints everything; fields are only ever added.`

const statusExample = `  pmtud status
  pmtud status --format json`

func (a *app) statusCommand() *cobra.Command {
	var client control.Client
	var format *choice
	c := &cobra.Command{
		Use:                   "status",
		Short:                 "show what the running daemon does, and what is wrong",
		Long:                  statusHelp,
		Example:               statusExample,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := client.Status(c.Context())
			if err != nil {
				return a.failed(err)
			}
			if err := a.printStatus(s, format.value); err != nil {
				return err
			}
			if s.Complains() {
				return errFailed
			}
			return nil
		},
	}
	a.addControlFlag(c, &client)
	format = addFormatFlag(c, "text", "json")
	return c
}

func (a *app) printStatus(s control.Status, format string) error {
	if format == "json" {
		return printJSON(a.Stdout, s)
	}
	_, err := fmt.Fprint(columns.Folded(a.Stdout, hanging), screen.Status(s))
	return err
}

func (a *app) addControlFlag(c *cobra.Command, client *control.Client) {
	c.Flags().StringVar(&client.Path, "control", a.Socket, "`PATH` of the daemon's socket")
}

package cmd

import (
	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/daemon"
)

func (a *app) runCommand() *cobra.Command {
	var files daemon.Files
	c := &cobra.Command{
		Use:   "run -c FILE|DIR [-c ...]",
		Short: "run the declared pipelines",
		Long: `Run runs the pipelines that the files declare until the sources end or SIGINT or
SIGTERM comes. Of a folder it reads the files *.yaml, *.yml, *.toml and *.json
in the order of their names. Nothing starts if there is any mistake, or if a
pipeline can't be opened. A pipeline that fails later stops alone.

SIGHUP, or with "watch: true" a change of the files' content, reloads them: what
did not change is not touched, and a configuration with mistakes changes
nothing. SIGUSR1 switches lines of level debug on and off.`,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.RunFiles(c.Context(), files)
		},
	}
	addConfigFlag(c, &files.Paths)
	c.Flags().StringVar(&files.User, "user", "", "name or number of the `USER` to become once everything is open, instead of the setting `user`")
	c.Flags().StringVar(&files.Control, "control", "", "`PATH` of the socket for status, top and tap, or off, instead of the setting `control`")
	return c
}

func addConfigFlag(c *cobra.Command, paths *[]string) {
	c.Flags().StringArrayVarP(paths, "config", "c", nil, "`FILE` or folder with pipelines; may be repeated")
	completeFlag(c, "config", completeFiles(configEndings...))
}

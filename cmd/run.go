package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/daemon"
)

func (a *app) runCommand() *cobra.Command {
	var files daemon.Files
	c := &cobra.Command{
		Use:   "run -c FILE|DIR [-c ...]",
		Short: "run the declared pipelines",
		Long: `Run runs the pipelines declared in the files until their sources end, or until
SIGINT or SIGTERM. In a folder it reads the files *.yaml, *.yml, *.toml and
*.json in the order of their names. Nothing starts if there is any mistake, or
if a pipeline cannot be opened. If a pipeline fails later, the others continue.

SIGHUP reloads the files; with "watch: true" so does a change of their content.
Pipelines that did not change keep running, and a configuration with mistakes
changes nothing. SIGUSR1 switches log lines of level debug on and off.`,
		Example: `  sudo pmtud run -c edge.yaml
  sudo pmtud run -c /etc/pmtud --user pmtud`,
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
	c.Flags().VarP((*pathList)(paths), "config", "c", "`FILE` or folder with pipelines; may be repeated")
	completeFlag(c, "config", completeFiles(configEndings...))
}

// pathList is an option that may be repeated. An empty path is most likely a variable that was not
// set.
type pathList []string

func (l *pathList) String() string { return strings.Join(*l, ",") }
func (l *pathList) Type() string   { return "path" }

func (l *pathList) Set(path string) error {
	if path == "" {
		return errors.New("the path is empty")
	}
	*l = append(*l, path)
	return nil
}

package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

func (a *app) runCommand() *cobra.Command {
	files := &files{app: a}
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
			enough := a.hurry()
			defer enough()
			files.ctx = c.Context()
			f, fingerprint, err := files.load()
			if err = withUser(f, err); err != nil {
				return err
			}
			return a.serve(c.Context(), f, files, fingerprint, enough)
		},
	}
	addConfigFlag(c, &files.paths)
	c.Flags().StringVar(&files.user, "user", "", "name or number of the `USER` to become once everything is open, instead of the setting `user`")
	c.Flags().StringVar(&files.control, "control", "", "`PATH` of the socket for status, top and tap, or off, instead of the setting `control`")
	return c
}

func addConfigFlag(c *cobra.Command, paths *[]string) {
	c.Flags().StringArrayVarP(paths, "config", "c", nil, "`FILE` or folder with pipelines; may be repeated")
	completeFlag(c, "config", completeFiles(configEndings...))
}

// load reads configuration files. The File is not nil unless there are no paths.
func (a *app) load(ctx context.Context, paths []string) (*config.File, error) {
	if len(paths) == 0 {
		return nil, errors.New("--config is missing: the file or folder that declares pipelines")
	}
	f, err := config.Load(ctx, paths, a.plugins)
	return f, a.checked(f, err)
}

// withUser adds to the mistakes of a file that this host lacks its user. Once the program
// has become that user it need not find it any more, and may not be able to.
func withUser(f *config.File, err error) error {
	if f == nil || f.Global.User == "" {
		return err
	}
	_, unknown := sandbox.LookUp(f.Global.User)
	var mistakes config.Mistakes
	if unknown == nil || err != nil && !errors.As(err, &mistakes) {
		return err
	}
	return f.With(mistakes, f.At("user"), unknown)
}

// checked adds to the mistakes of a file those that only the rest of the program
// can find.
func (a *app) checked(f *config.File, err error) error {
	var mistakes config.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		return err
	}
	if cpu := f.Global.CPU; cpu != nil {
		if err := checkCPU(int(*cpu)); err != nil {
			mistakes = f.With(mistakes, f.At("cpu"), err)
		}
	}
	if len(mistakes) > 0 {
		return mistakes
	}
	return nil
}

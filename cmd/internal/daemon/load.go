package daemon

import (
	"context"
	"errors"
	"os"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/cmd/internal/daemon/webconfig"
)

// Load reads configuration files and checks them on this machine. The File is not nil
// unless there are no paths.
func (p *Program) Load(ctx context.Context, paths []string) (*config.File, error) {
	if len(paths) == 0 {
		return nil, errors.New("--config is missing: the file or folder that declares pipelines")
	}
	f, err := config.Load(ctx, paths, p.Plugins)
	return f, checkHostOf(f, err)
}

// Resolve finds the plugins of a file that was not read, and checks it on this machine.
func (p *Program) Resolve(f *config.File) error { return checkHostOf(f, f.Resolve(p.Plugins)) }

// checkHostOf adds to the mistakes of a file that this machine lacks its CPU, and those of its
// web configuration.
func checkHostOf(f *config.File, err error) error {
	var mistakes config.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		return err
	}
	if cpu := f.Global.CPU; cpu != nil {
		if err := checkCPU(int(*cpu)); err != nil {
			mistakes = f.With(mistakes, f.At("cpu"), err)
		}
	}
	if err := checkWeb(f.Global.HTTP.WebConfig); err != nil {
		mistakes = f.With(mistakes, f.At("http", "web_config"), err)
	}
	if len(mistakes) > 0 {
		return mistakes
	}
	return nil
}

// checkWeb returns what is wrong with a web configuration file. Whether it and what it names
// can be read is found where it is needed.
func checkWeb(path string) error {
	if path == "" {
		return nil
	}
	for _, file := range webconfig.Files(path) {
		f, err := os.Open(file)
		if err != nil {
			return nil
		}
		f.Close()
	}
	return webconfig.Check(path)
}

// CheckUser adds to the mistakes of a file that this host lacks its user. Once the program
// has become that user it need not find it any more, and may not be able to.
func CheckUser(f *config.File, err error) error {
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

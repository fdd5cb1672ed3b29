package daemon

import (
	"context"
	"errors"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// Load reads configuration files and checks them on this machine. The File is not nil
// unless there are no paths.
func (p *Program) Load(ctx context.Context, paths []string) (*config.File, error) {
	if len(paths) == 0 {
		return nil, errors.New("--config is missing: the file or folder that declares pipelines")
	}
	f, err := config.Load(ctx, paths, p.Plugins)
	return f, checkCPUOf(f, err)
}

// Resolve finds the plugins of a file that was not read, and checks it on this machine.
func (p *Program) Resolve(f *config.File) error { return checkCPUOf(f, f.Resolve(p.Plugins)) }

// checkCPUOf adds to the mistakes of a file that this machine lacks its CPU.
func checkCPUOf(f *config.File, err error) error {
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

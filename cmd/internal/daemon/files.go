package daemon

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/disk"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// Files are the configuration files that the command line names, and what it says
// instead of them: what is empty counts as they have it.
type Files struct {
	Paths         []string
	User, Control string
}

// files are read again and again.
type files struct {
	Files
	program *Program
	ctx     context.Context //nolint:containedctx // ends waiting for a file

	mu       sync.Mutex
	included []string // by what was read last
}

// maxRounds bounds how often files are read because others are included than the
// time before.
const maxRounds = 3

// load reads the files and checks them. The fingerprint is of what they held before
// they were read, those among them that are included.
func (f *files) load() (file *config.File, fingerprint string, err error) {
	for range maxRounds {
		included := f.lastIncluded()
		fingerprint = f.fingerprint()
		file, err = f.program.Load(f.ctx, f.Paths)
		if file == nil || slices.Equal(file.Included, included) {
			break
		}
		f.mu.Lock()
		f.included = file.Included
		f.mu.Unlock()
	}
	if file != nil && f.User != "" {
		file.Global.User = f.User
	}
	if file != nil && f.Control != "" {
		file.Global.Control = f.Control
	}
	return file, fingerprint, err
}

// fingerprint returns the fingerprint of what the files hold now.
func (f *files) fingerprint() string {
	return disk.Fingerprint(f.ctx, slices.Concat(f.Paths, f.lastIncluded()))
}

func (f *files) lastIncluded() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.included
}

// source makes configurations of files.
type source struct {
	daemon *daemon
	files  *files
}

// Load implements [service.Source].
func (s *source) Load() (service.Configuration, error) {
	f, fingerprint, err := s.files.load()
	if err != nil {
		return service.Configuration{Fingerprint: fingerprint}, inLines(err)
	}
	c, err := s.daemon.configuration(f)
	c.Fingerprint = fingerprint
	return c, err
}

// Fingerprint implements [service.Source].
func (s *source) Fingerprint() string { return s.files.fingerprint() }

// inLines joins mistakes so that each fits on a line of the log.
func inLines(err error) error {
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) {
		return err
	}
	var errs []error
	for _, m := range mistakes {
		errs = append(errs, errors.New(m.Short()))
	}
	return errors.Join(errs...)
}

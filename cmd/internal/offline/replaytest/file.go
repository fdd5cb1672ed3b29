package replaytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// File is a file of tests.
type File struct {
	Path  string
	Tests []Test `setting:"tests" required:"true"`
}

// Test is a replay and what is expected of it. Paths have been resolved.
type Test struct {
	Name     string   `setting:"name" required:"true"`
	Config   []string `setting:"config"`   // configuration files
	Pipeline string   `setting:"pipeline"` // of these; may be empty if it is the only one
	Options  []Option `setting:"options"`  // original command line, where there is no Config
	Capture  []string `setting:"capture" required:"true"`
	Expect   Expect   `setting:"expect" required:"true"`

	At config.Position
}

// Expect is what a replay is to come to. What is nil or empty is not compared.
type Expect struct {
	Packets   *uint64 `setting:"packets"`
	Forwarded *uint64 `setting:"forwarded"`

	Dropped     map[string]map[string]uint64 `setting:"dropped"`      // by stage and reason, all of them
	NotCaptured map[string]uint64            `setting:"not_captured"` // by reason, all of them
	Sent        map[string]uint64            `setting:"sent"`         // by sink, all of them

	Verdicts string `setting:"verdicts"`  // golden file
	SentFile string `setting:"sent_file"` // golden capture
}

// Option is an argument of the command line. Numbers need no quotes.
type Option string

// UnmarshalText takes any text.
func (o *Option) UnmarshalText(text []byte) error {
	*o = Option(text)
	return nil
}

// Load reads a file of tests. An error is a [config.Mistakes].
func Load(ctx context.Context, path string) (*File, error) {
	f := &File{Path: path}
	return f, config.Decode(ctx, path, f)
}

// Check refuses names that several tests have.
func (f *File) Check() error {
	seen := map[string]bool{}
	for _, t := range f.Tests {
		if seen[t.Name] {
			return setting.Errorf("tests", "two tests are called %q", t.Name)
		}
		seen[t.Name] = true
	}
	return nil
}

// Check resolves the test's paths, which are relative to the file.
func (t *Test) Check() error {
	dir := filepath.Dir(t.At.File)
	var errs []error
	switch {
	case len(t.Options) > 0 && len(t.Config) > 0:
		errs = append(errs, setting.Errorf("options", "can't be used together with `config`"))
	case len(t.Options) > 0 && t.Pipeline != "":
		errs = append(errs, setting.Errorf("pipeline", "can be used with `config` only, not with `options`"))
	}
	for _, path := range t.Capture {
		if path == capfile.Stdin {
			errs = append(errs, setting.Errorf("capture", "must be a file, not standard input"))
		}
	}
	resolve(dir, t.Config)
	resolve(dir, t.Capture)
	captures, err := capfile.Expand(t.Capture...)
	if err != nil && len(errs) == 0 {
		errs = append(errs, setting.Errorf("capture", "%w", err))
	}
	for _, golden := range []*string{&t.Expect.Verdicts, &t.Expect.SentFile} {
		if *golden != "" {
			*golden = resolved(dir, *golden)
		}
		if isOneOf(*golden, captures) {
			errs = append(errs, setting.Errorf("expect", "%s is the capture; --update would overwrite it", *golden))
		}
	}
	return errors.Join(errs...)
}

// isOneOf reports whether a path is that of one of the files.
func isOneOf(path string, files []string) bool {
	info, err := os.Stat(path)
	return err == nil && slices.ContainsFunc(files, func(file string) bool {
		other, err := os.Stat(file)
		return err == nil && os.SameFile(info, other)
	})
}

// Check refuses to expect nothing.
func (e *Expect) Check() error {
	if e.Packets == nil && e.Forwarded == nil && e.Dropped == nil && e.NotCaptured == nil && e.Sent == nil && e.Verdicts == "" && e.SentFile == "" {
		return fmt.Errorf("`expect` is empty, so nothing would be compared")
	}
	return nil
}

func resolve(dir string, paths []string) {
	for i := range paths {
		paths[i] = resolved(dir, paths[i])
	}
}

func resolved(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

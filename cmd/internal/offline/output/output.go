// Package output opens the files that options of a command name, and refuses those that
// would overwrite its inputs.
package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

// Set is the outputs of a command. Close it after use.
type Set struct {
	Stdin  io.Reader
	Stdout io.Writer
	Inputs []string // files and patterns that must not be overwritten

	used  bool // Stdout is one of the outputs
	files []*os.File

	compressors []io.Closer // in front of files
}

// Create opens the output that an option names; nil if it names none. It is compressed
// if its name ends in .gz or .zst.
func (o *Set) Create(option, path string) (io.Writer, error) {
	switch {
	case path == "":
		return nil, nil
	case path == "-" && o.used:
		return nil, fmt.Errorf("%s: only one output can go to standard output", option)
	case path == "-":
		o.used = true
		return o.Stdout, nil
	}
	if err := o.check(path); err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	if _, err := capfile.Compressor(path, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	o.files = append(o.files, f)
	compressor, err := capfile.Compressor(path, f)
	if compressor == nil || err != nil {
		return f, err
	}
	o.compressors = append(o.compressors, compressor)
	return compressor, nil
}

// check refuses an output that is an input or another output.
func (o *Set) check(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil //nolint:nilerr // there is none yet, or creating it will tell
	}
	for _, f := range o.files {
		if other, err := f.Stat(); err == nil && os.SameFile(info, other) {
			return fmt.Errorf("%s is another output already", path)
		}
	}
	if slices.ContainsFunc(o.Inputs, func(pattern string) bool { return o.isInput(info, pattern) }) {
		return fmt.Errorf("%s would be overwritten, and is to be read", path)
	}
	return nil
}

// isInput reports whether a file is one of those that an input's pattern names.
func (o *Set) isInput(info os.FileInfo, pattern string) bool {
	if pattern == capfile.Stdin {
		f, ok := o.Stdin.(*os.File)
		if !ok {
			return false
		}
		other, err := f.Stat()
		return err == nil && os.SameFile(info, other)
	}
	inputs, _ := capfile.Expand(pattern) // reading them will tell of an error
	return slices.ContainsFunc(inputs, func(input string) bool {
		other, err := os.Stat(input)
		return err == nil && os.SameFile(info, other)
	})
}

// StdoutUsed reports whether an output goes to standard output.
func (o *Set) StdoutUsed() bool { return o.used }

// Close closes the outputs.
func (o *Set) Close() error {
	var errs []error
	for _, c := range o.compressors {
		errs = append(errs, c.Close())
	}
	for _, f := range o.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// command is the import path of the program under test.
const command = "github.com/pmtud/pmtud/cmd/pmtud"

// BuiltFolder is the environment variable that names a folder of programs that were built
// before: once for the tests of all packages, or for machines without Go.
const BuiltFolder = "PMTUD_BUILT"

// Built returns the path of a program that was built before. It is empty where none was.
func Built(name string) string {
	folder := os.Getenv(BuiltFolder)
	if folder == "" {
		return ""
	}
	path := filepath.Join(folder, name)
	// Go runs a test again when a file has changed that it asked about.
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// Build builds the pmtud program from the sources that the working directory belongs
// to, and returns its path and what removes it. Call it outside of network namespaces:
// Go may have to fetch modules.
func Build(ctx context.Context) (path string, remove func() error, err error) {
	if built := Built("pmtud"); built != "" {
		return built, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "pmtud-")
	if err != nil {
		return "", nil, fmt.Errorf("build pmtud: %w", err)
	}
	remove = func() error { return os.RemoveAll(dir) }
	path = filepath.Join(dir, "pmtud")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", path, command)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		err = fmt.Errorf("build pmtud: %w: %s", err, strings.TrimSpace(string(said)))
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}

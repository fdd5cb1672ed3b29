// Package kernels runs this module's tests on kernels of Debian, in virtual machines.
//
// A machine boots from memory and has no network and no disk. Its root directory comes from
// Debian's packages, by mmdebstrap, and is kept in the user's cache; the program and the compiled
// tests are added each time:
//
//	Debian release ── image ──┐
//	this module ─── tests ────┴── machine ── results ── table
//
// The first process in the machine is the same program, see [Guest].
package kernels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Config says what to run and where.
type Config struct {
	Releases []string      // of Debian, such as bookworm
	Packages []string      // patterns of packages; those without tests in namespaces are left out
	Run      string        // only the tests that match this expression; empty: all
	Update   bool          // fetch Debian's packages even if the cache has them
	Limit    time.Duration // for one kernel
}

// ErrFailed says that not all tests passed; the table has been written.
var ErrFailed = errors.New("tests failed")

// Run runs the tests on the kernel of each release. It writes what failed, and the table at
// the end, to out; its progress goes to log.
func Run(ctx context.Context, c Config, out, log io.Writer) error {
	dir, err := os.MkdirTemp("", "pmtud-kernels-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the folder for temporary files
	fmt.Fprintln(log, "building the tests")
	tests, err := buildTests(ctx, c, dir)
	if err != nil {
		return err
	}
	var table table
	var broken error
	for _, release := range c.Releases {
		fmt.Fprintln(log, release)
		image, err := imageOf(ctx, release, c.Update)
		if err != nil {
			return err
		}
		kernel, err := boot(ctx, c.Limit, image, tests, log)
		if err != nil {
			broken = errors.Join(broken, fmt.Errorf("run tests on the kernel of %s: %w", release, err))
		}
		if len(kernel) > 0 {
			table = append(table, kernel)
		}
	}
	table.write(out)
	if table.failed() {
		broken = errors.Join(broken, ErrFailed)
	}
	return broken
}

// Package programtest is for tests that run the program itself in namespaces.
package programtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Flag declares the option -pmtud, with which a test is given a program that was
// built before. It returns its path, for [Run] to fill in.
func Flag() *string { return flag.String("pmtud", "", "path of the pmtud program (default: build it)") }

// Run runs the tests of a package in namespaces of their own, with further arguments
// before those of the command line, and returns their status. It builds the program
// while there still is a network to fetch modules from.
func Run(m *testing.M, program *string, args ...string) int {
	flag.Parse()
	if *program == "" {
		path, remove, err := rig.Build(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = remove() }() // it lies in the folder for temporary files
		*program = path
		args = append(args, "-pmtud="+path) // for the process that netns.Run starts
	}
	os.Args = slices.Insert(os.Args, 1, args...)
	return netns.Run(m.Run)
}

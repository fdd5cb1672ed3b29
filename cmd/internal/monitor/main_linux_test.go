package monitor_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var program = flag.String("pmtud", "", "path of the pmtud program (default: build it)")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

// runTests builds the program, while there still is a network to fetch modules from.
func runTests(m *testing.M) int {
	if *program == "" {
		path, remove, err := lab.BuildPmtud(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer remove()
		*program = path
		os.Args = slices.Insert(os.Args, 1, "-pmtud="+path) // for the process that Run starts
	}
	return netns.Run(m.Run)
}

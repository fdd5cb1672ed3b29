package programtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// given is the environment variable with the path of a program that was built before: .ci/tests
// builds it once, for the tests of all packages.
const given = "PMTUD_TEST_PROGRAM"

// Build builds the program for one test and returns its path.
func Build(t *testing.T) string {
	t.Helper()
	path, remove, err := build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = remove() }) // it lies in the folder for temporary files
	return path
}

func build(ctx context.Context) (path string, remove func() error, err error) {
	path = os.Getenv(given)
	if path == "" {
		return rig.Build(ctx)
	}
	// Go runs a test again when a file has changed that it asked about.
	if _, err := os.Stat(path); err != nil {
		return "", nil, fmt.Errorf("find the program of %s: %w", given, err)
	}
	return path, func() error { return nil }, nil
}

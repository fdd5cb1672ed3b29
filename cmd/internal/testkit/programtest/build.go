package programtest

import (
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// Build builds the program for one test and returns its path.
func Build(t *testing.T) string {
	t.Helper()
	path, remove, err := rig.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = remove() }) // it lies in the folder for temporary files
	return path
}

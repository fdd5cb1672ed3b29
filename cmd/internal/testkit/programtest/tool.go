package programtest

import (
	"os"
	"os/exec"
	"testing"
)

// Tool returns the path of a program of the system that a test needs. Where it is missing the test
// is skipped, or fails in continuous integration, for which .ci/run installs it.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} { // which is not in everybody's PATH
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("no %s, and CI is true", name)
	}
	tb.Skipf("needs %s", name)
	return ""
}

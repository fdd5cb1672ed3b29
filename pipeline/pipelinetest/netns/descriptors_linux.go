package netns

import (
	"os"
	"testing"
)

// Descriptors returns how many files and sockets the process has open.
func Descriptors(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	Must(tb, err)
	return len(entries)
}

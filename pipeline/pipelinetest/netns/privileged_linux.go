package netns

import (
	"os"
	"strings"
	"testing"

	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// RequireHostRoot skips a test of what the kernel grants only to root of the first user
// namespace with all its capabilities. An ordinary user can't have that, not even in continuous
// integration. The package's TestMain has to call [MainPrivileged].
func RequireHostRoot(tb testing.TB) {
	tb.Helper()
	if !IsHostRoot() {
		tb.Skip("only root of the first user namespace may do this, with all capabilities")
	}
}

// IsHostRoot reports whether the process is root of the first user namespace with all its
// capabilities: whether all IDs are mapped to themselves, and whether a capability is there that
// containers don't get.
func IsHostRoot() bool {
	ids, err := os.ReadFile("/proc/self/uid_map")
	first := err == nil && strings.Join(strings.Fields(string(ids)), " ") == "0 0 4294967295"
	able, _ := cap.GetProc().GetFlag(cap.Effective, cap.BPF)
	return first && able
}

package daemon

import (
	"os"
	"strings"
)

// kernel returns the release of the running kernel, as uname -r prints it; nothing if that can't
// be read.
func kernel() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(release))
}

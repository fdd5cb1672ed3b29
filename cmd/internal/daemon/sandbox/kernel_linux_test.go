package sandbox_test

import (
	"fmt"
	"strings"

	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// landlock returns the version of Landlock that pmtud uses on this kernel: 0 before Linux 5.13.
func landlock() int {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return min(version, 6)
}

// refusedSignal is what comes of a signal to another process where this kernel's Landlock refuses
// it, from version 6 on, and leaves threads their signals (Linux 6.15).
func refusedSignal() string {
	const threads = 1 << 1 // erratum 2
	if errata, err := llsys.LandlockGetErrata(); landlock() < 6 || err != nil || errata&threads == 0 {
		return ""
	}
	return "operation not permitted"
}

const noLandlock = "the kernel has no Landlock"

// files is what a report says about files on this kernel.
func files() string {
	if landlock() == 0 {
		return "not confined: " + noLandlock
	}
	return fmt.Sprintf("landlock %d", landlock())
}

// most is the strictest mode in which this kernel confines a process.
func most() sandbox.Mode {
	if landlock() == 0 {
		return sandbox.Auto
	}
	return sandbox.Required
}

// requiredError is the error in mode Required on this kernel, where the other one would be that of
// a kernel with Landlock.
func requiredError(other string) string {
	if landlock() == 0 {
		return "confine files: " + noLandlock
	}
	return other
}

// onThisKernel changes what is tried to what comes of it on this kernel: without Landlock all files
// may be used, before its version 3 (Linux 6.2) what may be read may be emptied, and before version 4
// (Linux 6.7) all TCP ports may be used.
func onThisKernel(tried map[string]string) map[string]string {
	for what, result := range tried {
		action, object, _ := strings.Cut(what, " ")
		since := map[string]int{"empty": 3, "listen": 4, "connect": 4}[action]
		switch {
		case result != denied || landlock() >= max(since, 1):
		case action == "connect" && object[0] == '[':
			tried[what] = "cannot assign requested address"
		case action == "connect":
			tried[what] = unreachable
		case action == "execute":
			tried[what] = "exec format error"
		case action == "read" && strings.HasSuffix(object, "/other"):
			tried[what] = "is a directory"
		default:
			tried[what] = ""
		}
	}
	return tried
}

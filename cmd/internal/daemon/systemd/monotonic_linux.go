package systemd

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic returns the reading of CLOCK_MONOTONIC, which package time keeps for
// itself.
func monotonic() time.Duration {
	var t unix.Timespec
	// It fails for clocks that don't exist.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}

//go:build !linux

package systemd

import "time"

// monotonic returns 0: there is no service manager that would compare it.
func monotonic() time.Duration { return 0 }

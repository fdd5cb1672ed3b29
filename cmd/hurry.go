package cmd

import (
	"runtime/debug"
	"sync"
)

// hurryMemory is how much memory a start may take without being collected; a small
// configuration takes a third of it.
const hurryMemory = 64 << 20

// hurry has the garbage collector wait until the returned function is called. It took
// more than half of the time until the program was ready, and memory that it makes free
// is wiped to be used again, while the tables of a limit take none of the kernel's before
// something is in them. What was left behind is collected afterwards.
func (a *app) hurry() (enough func()) {
	if a.signals == nil {
		return func() {} // the process is somebody else's
	}
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, hurryMemory))
	return sync.OnceFunc(func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	})
}

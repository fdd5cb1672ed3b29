package daemon

import (
	"runtime/debug"
	"sync"
)

// pausedMemory is how much memory a start may take without being collected; a small
// configuration takes a third of it.
const pausedMemory = 64 << 20

// PauseGC turns the garbage collector off until the returned function is called, unless
// the process belongs to somebody else. During the start it took more than half of the
// time. It also wipes the memory that it reuses, while the tables of a limit take none
// from the kernel before they are filled.
func (p *Program) PauseGC() (resume func()) {
	if p.Signals == nil {
		return func() {} // the process is somebody else's
	}
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(limit, pausedMemory))
	return sync.OnceFunc(func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	})
}

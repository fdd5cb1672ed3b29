package replaybench

import (
	"os"
	"syscall"
)

// peakMemory returns the largest resident size of an ended process, in octets.
func peakMemory(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // getrusage(2): in KiB
}

package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cpus are those that the flood and the programs run on.
type cpus struct{ wire, host int }

// chooseCPUs takes the first two that the process may use.
func chooseCPUs() (cpus, error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return cpus{}, fmt.Errorf("list CPUs: %w", err)
	}
	var found []int
	for cpu := 0; len(found) < min(2, allowed.Count()); cpu++ {
		if allowed.IsSet(cpu) {
			found = append(found, cpu)
		}
	}
	return cpus{wire: found[0], host: found[len(found)-1]}, nil
}

// onCPU calls f on a thread that runs on one CPU; processes that f starts do too.
func onCPU(cpu int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	one.Set(cpu)
	if err := errors.Join(unix.SchedGetaffinity(0, &before), unix.SchedSetaffinity(0, &one)); err != nil {
		return fmt.Errorf("pin thread to CPU %d: %w", cpu, err)
	}
	return errors.Join(f(), unix.SchedSetaffinity(0, &before))
}

// residentMemory returns how many bytes of memory a process has.
func residentMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("read memory of process %d: no VmRSS", pid)
}

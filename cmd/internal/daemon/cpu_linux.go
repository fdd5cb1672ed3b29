package daemon

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// onlineCPUs is the kernel's list of processors.
const onlineCPUs = "/sys/devices/system/cpu/online"

// checkCPU returns an error if there is no such processor.
func checkCPU(cpu int) error {
	text, err := os.ReadFile(onlineCPUs)
	if err != nil {
		return fmt.Errorf("read list of CPUs: %w", err)
	}
	online := strings.TrimSpace(string(text))
	for span := range strings.SplitSeq(online, ",") {
		first, last, isRange := strings.Cut(span, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return fmt.Errorf("read %s: %w", onlineCPUs, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return fmt.Errorf("read %s: %w", onlineCPUs, err)
		}
		if cpu >= from && cpu <= to {
			return nil
		}
	}
	return fmt.Errorf("there is no CPU %d; the machine has %s", cpu, online)
}

// pinProcess pins every thread of the process to a processor. New threads inherit
// the setting from the one that makes them, so it goes on until a look at all of
// them finds none that is not pinned.
func pinProcess(cpu int) error {
	var want unix.CPUSet
	want.Set(cpu)
	for {
		pinned, err := pinThreads(&want)
		if err != nil || !pinned {
			return err
		}
	}
}

// pinThreads pins the threads that are not pinned, and reports whether it found
// any.
func pinThreads(want *unix.CPUSet) (found bool, err error) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false, fmt.Errorf("list threads: %w", err)
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		var has unix.CPUSet
		if err := unix.SchedGetaffinity(tid, &has); err != nil || has == *want {
			continue // an error means that the thread has ended
		}
		found = true
		if err := unix.SchedSetaffinity(tid, want); err != nil && !errors.Is(err, unix.ESRCH) {
			return found, fmt.Errorf("pin thread %d: %w", tid, err)
		}
	}
	return found, nil
}

package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Resources are what a process has of the system's.
type Resources struct {
	Files, Threads, Goroutines int
	Memory                     int // in KiB, resident and not of files
}

// resources looks at the program.
func (p *program) resources() (r Resources, err error) {
	proc := fmt.Sprintf("/proc/%d", p.Pid)
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return r, err
	}
	r.Files = len(files)
	text, err := os.ReadFile(filepath.Join(proc, "status"))
	for line := range strings.Lines(string(text)) {
		switch f := strings.Fields(line); f[0] {
		case "Threads:":
			r.Threads, _ = strconv.Atoi(f[1])
		case "RssAnon:":
			r.Memory, _ = strconv.Atoi(f[1])
		}
	}
	return r, err
}

// Allowances for what comes and goes: threads of system calls, goroutines of
// connections, and memory that is garbage, or that the runtime has not given back yet. The
// tables of a pipeline that a reload replaced are garbage until as much again has been made.
const (
	someThreads    = 6
	someGoroutines = 4
	someMemory     = 20 << 10
)

// grown returns an error if a process has more than it had at its first rests, half of
// them all.
func grown(rests []Resources) error {
	half := len(rests) / 2
	var most Resources
	for _, r := range rests[:half] {
		most.Files = max(most.Files, r.Files)
		most.Threads = max(most.Threads, r.Threads)
		most.Goroutines = max(most.Goroutines, r.Goroutines)
		most.Memory = max(most.Memory, r.Memory)
	}
	for _, r := range rests[half:] {
		if r.Files > most.Files || r.Threads > most.Threads+someThreads ||
			r.Goroutines > most.Goroutines+someGoroutines || r.Memory > most.Memory*5/4+someMemory {
			return fmt.Errorf("resources grow: at most %+v, then %+v", most, r)
		}
	}
	return nil
}

// limitFiles lets the program open no more files than so many, and returns what it was
// let open before.
func (p *program) limitFiles(n uint64) (before uint64, err error) {
	var old unix.Rlimit
	if err := unix.Prlimit(p.Pid, unix.RLIMIT_NOFILE, nil, &old); err != nil {
		return 0, fmt.Errorf("read limit of open files: %w", err)
	}
	limit := unix.Rlimit{Cur: n, Max: old.Max}
	if err := unix.Prlimit(p.Pid, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		return 0, fmt.Errorf("limit open files: %w", err)
	}
	return old.Cur, nil
}

package netspace

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Space is a network namespace. Close it after use.
type Space struct {
	Name string // what `ip netns` or a process in it is called; empty: that of this process
	file *os.File
	own  bool
}

// Own returns the namespace of this process.
func Own() (*Space, error) {
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("open network namespace: %w", err)
	}
	return &Space{file: f, own: true}, nil
}

// All returns all namespaces that have a name or a process, that of this process first, and the
// number of processes whose namespace this one may not see.
func All() (spaces []*Space, unseen int, err error) {
	own, err := Own()
	if err != nil {
		return nil, 0, err
	}
	spaces = []*Space{own}
	seen := map[uint64]bool{inode(own.file): true}
	add := func(path, name string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		id := inode(f)
		if id == 0 || seen[id] {
			return f.Close()
		}
		seen[id] = true
		spaces = append(spaces, &Space{Name: name, file: f})
		return nil
	}
	named, _ := filepath.Glob("/run/netns/*") // the pattern is right
	for _, path := range named {
		_ = add(path, filepath.Base(path)) // what is no namespace has no processes either
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range processes {
		if err := add(folder+"/ns/net", processName(folder)); os.IsPermission(err) {
			unseen++
		}
	}
	return spaces, unseen, nil
}

// inode returns the inode, which identifies a namespace, or 0 for a file that is none.
func inode(f *os.File) uint64 {
	if _, err := unix.IoctlRetInt(int(f.Fd()), unix.NS_GET_NSTYPE); err != nil {
		return 0
	}
	var stat unix.Stat_t
	if unix.Fstat(int(f.Fd()), &stat) != nil {
		return 0
	}
	return stat.Ino
}

func processName(folder string) string {
	comm, _ := os.ReadFile(folder + "/comm")
	pid, _ := strconv.Atoi(filepath.Base(folder))
	return fmt.Sprintf("%s (process %d)", strings.TrimSpace(string(comm)), pid)
}

// Close lets go of the namespace.
func (s *Space) Close() { _ = s.file.Close() }

// FD is the namespace's file descriptor, for as long as it is not closed.
func (s *Space) FD() int { return int(s.file.Fd()) }

// IsOwn reports whether it is the namespace of this process.
func (s *Space) IsOwn() bool { return s.own }

// Do calls f on a thread that is in the namespace. Sockets that f opens stay there; goroutines
// that it starts do not.
func (s *Space) Do(f func() error) (err error) {
	if s.own {
		return f()
	}
	var thread sync.WaitGroup
	thread.Go(func() {
		// It is not unlocked: the thread ends with the goroutine instead of coming back.
		runtime.LockOSThread()
		if err = unix.Setns(s.FD(), unix.CLONE_NEWNET); err != nil {
			err = fmt.Errorf("enter network namespace %s: %w", s.Name, err)
			return
		}
		err = f()
	})
	thread.Wait()
	return err
}

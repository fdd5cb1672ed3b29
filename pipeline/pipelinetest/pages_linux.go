package pipelinetest

import (
	"testing"

	"golang.org/x/sys/unix"
)

// pages is memory that can be taken away: whoever uses it then faults.
type pages []byte

func newPages(t testing.TB, size int) pages {
	t.Helper()
	p, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatalf("map memory: %v", err)
	}
	t.Cleanup(func() { _ = unix.Munmap(p) })
	return p
}

func (p pages) present(t testing.TB, there bool) {
	t.Helper()
	prot := unix.PROT_NONE
	if there {
		prot = unix.PROT_READ | unix.PROT_WRITE
	}
	if err := unix.Mprotect(p, prot); err != nil {
		t.Fatalf("protect memory: %v", err)
	}
}

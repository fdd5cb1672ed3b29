package daemon

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/prometheus/procfs"
)

// TestDropCode has all of this test's code in memory, and then an eighth less at least: the test
// goes on, and the kernel fetches 64 KiB around each page that it needs.
func TestDropCode(t *testing.T) {
	size := touchCode(t)
	before := residentFile(t)
	if err := dropCode(); err != nil {
		t.Fatal(err)
	}
	if after := residentFile(t); after > before-size/8 {
		t.Errorf("%d bytes of files are in memory, before %d, with %d bytes of code", after, before, size)
	}
}

// touchCode reads the program's code and returns how much it is.
func touchCode(t *testing.T) (size uint64) {
	t.Helper()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	code, err := codeMaps()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range code {
		n, err := io.Copy(io.Discard, io.NewSectionReader(memory, int64(m.StartAddr), int64(m.EndAddr-m.StartAddr)))
		if err != nil {
			t.Fatal(err)
		}
		size += uint64(n)
	}
	return size
}

// TestIsRelocated builds a program for a fixed address and one that is moved to any.
func TestIsRelocated(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[string]bool{"exe": false, "pie": true} {
		program := filepath.Join(dir, mode)
		build := exec.CommandContext(t.Context(), "go", "build", "-buildmode="+mode, "-o", program, source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got, err := isRelocated(program); err != nil || got != want {
			t.Errorf("%s: relocated %v, error %v; want %v", mode, got, err, want)
		}
	}
}

func residentFile(t *testing.T) uint64 {
	t.Helper()
	self, err := procfs.Self()
	if err != nil {
		t.Fatal(err)
	}
	status, err := self.NewStatus()
	if err != nil {
		t.Fatal(err)
	}
	return status.RssFile
}

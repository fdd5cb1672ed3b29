package config_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

// TestPipeInFolder has a pipe among the files, which nobody writes to.
func TestPipeInFolder(t *testing.T) {
	dir := t.TempDir()
	text := []byte("pipelines: {a: {sources: [{type: file}], sinks: [{type: output}]}}")
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "b.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	if f, err := config.Load([]string{dir}, plugins); err != nil || len(f.Names) != 1 {
		t.Errorf("%d files are read: %v", len(f.Names), err)
	}
}

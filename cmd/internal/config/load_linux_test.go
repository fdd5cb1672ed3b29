package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

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
	if f, err := config.Load(t.Context(), []string{dir}, plugins); err != nil || len(f.Names) != 1 {
		t.Errorf("%d files are read: %v", len(f.Names), err)
	}
}

// TestSilentFiles reads what gives neither text nor an end: it waits no longer than it is
// let.
func TestSilentFiles(t *testing.T) {
	const good = "pipelines: {a: {sources: [{type: file}], sinks: [{type: output}]}}"
	for name, tc := range map[string]struct {
		path, text, want string
	}{
		"pipe":            {"pipe", "", "pipe: read file: told to stop"},
		"pipe of others":  {"held", "", "held: read file: told to stop"},
		"kernel's log":    {"kmsg", "", "kmsg: read file: told to stop"},
		"included":        {"a.yaml", "user: '${file:/proc/kmsg}'", "read /proc/kmsg: told to stop"},
		"pipe, included":  {"a.yaml", "user: '${file:pipe}'", "pipe: is not a regular file"},
		"among others":    {"b.yaml", good, ""},
		"terminal's kind": {"ptmx", "", "ptmx: read file: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			makeSilent(t)
			if tc.text != "" {
				if err := os.WriteFile(tc.path, []byte(tc.text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if f, err := os.OpenFile("/proc/kmsg", os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil && strings.Contains(tc.path+tc.text, "kmsg") {
				t.Skipf("the kernel's log can't be read: %v", err)
			} else if err == nil {
				f.Close()
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(100*time.Millisecond, func() { cancel(errToldToStop) })
			_, err := config.Load(ctx, []string{tc.path}, plugins)
			if err == nil && tc.want == "" {
				return
			}
			if err == nil || tc.want == "" || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("mistakes are %v, want %q", err, tc.want)
			}
		})
	}
}

var errToldToStop = errors.New("told to stop")

// makeSilent makes files that give nothing.
func makeSilent(t *testing.T) {
	t.Helper()
	for _, name := range []string{"pipe", "held"} {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	held, err := os.OpenFile("held", os.O_RDWR, 0) // somebody who does not write
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	for name, target := range map[string]string{"kmsg": "/proc/kmsg", "ptmx": "/dev/ptmx"} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLatePipe reads a pipe into which somebody writes only later, in two parts.
func TestLatePipe(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		time.Sleep(50 * time.Millisecond) // the reader is there first, or not: either is right
		w, err := os.OpenFile("pipe", os.O_WRONLY, 0)
		if err == nil {
			_, err = w.WriteString("pipelines: {a: {sources: [{type: file}], ")
		}
		if err == nil {
			time.Sleep(50 * time.Millisecond)
			_, err = w.WriteString("sinks: [{type: output}]}}")
		}
		written <- errors.Join(err, w.Close())
	}()
	f, err := config.Load(t.Context(), []string{"pipe"}, plugins)
	if err := errors.Join(err, <-written); err != nil || len(f.Pipelines) != 1 {
		t.Errorf("%d pipelines: %v", len(f.Pipelines), err)
	}
}

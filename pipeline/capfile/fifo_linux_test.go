package capfile_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

// A named pipe is read as it is filled, and waiting for its writer ends with the
// context.
func TestFilesNamedPipe(t *testing.T) {
	for name, cancelled := range map[string]bool{"filled": false, "left empty": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Skip(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f := capfile.NewFiles(ctx, []string{path}, capfile.FilesOptions{ReadAhead: true})
			defer f.Close()
			other := make(chan error, 1)
			go func() {
				if cancelled {
					cancel()
					other <- nil
					return
				}
				other <- os.WriteFile(path, write(t, capfile.WriterOptions{}, samplePackets(9)...), 0)
			}()
			got, err := readAll(f, 4)
			if cancelled && !errors.Is(err, context.Canceled) || !cancelled && (err != nil || len(got) != 9) {
				t.Errorf("got %d packets and %v", len(got), err)
			}
			if err := <-other; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOpenCloses wants a file to be closed that a Reader has opened: who writes into a named pipe
// that nobody has open is told so.
func TestOpenCloses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	end := make(chan *os.File, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
		}
		end <- f
	}()
	r, err := capfile.Open(path, capfile.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w := <-end
	defer w.Close()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte("a")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("error %v, want %v", err, syscall.EPIPE)
	}
}

// TestFilesSocket has a file that can't be opened.
func TestFilesSocket(t *testing.T) {
	t.Chdir(t.TempDir()) // names of sockets are short
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := capfile.NewFiles(t.Context(), []string{"socket"}, capfile.FilesOptions{})
	defer f.Close()
	if _, err := readAll(f, 1); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("error %v, want %v", err, syscall.ENXIO)
	}
}

// TestFilesOfKernel reads a file that calls itself regular and waits for the kernel.
func TestFilesOfKernel(t *testing.T) {
	const path = "/proc/kmsg"
	probe, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("the kernel's log can't be read: %v", err)
	}
	_ = probe.Close() // only looked at
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := capfile.NewFiles(ctx, []string{path}, capfile.FilesOptions{})
	defer f.Close()
	if _, err := readAll(f, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

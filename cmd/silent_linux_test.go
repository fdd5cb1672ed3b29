package cmd_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSilentConfiguration names a pipe as the configuration, into which nobody writes: a
// signal ends the wait for it.
func TestSilentConfiguration(t *testing.T) {
	for _, command := range []string{"check", "run", "replay", "test"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			pipe := filepath.Join(t.TempDir(), "pipe.yaml")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			args := map[string][]string{"replay": {"replay", "-c", pipe, "x.pcap"}, "test": {"test", pipe}}[command]
			if args == nil {
				args = []string{command, "-c", pipe}
			}
			var stderr bytes.Buffer
			c := exec.Command(program, args...)
			c.Stderr = &stderr
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			// It may not catch signals yet: then the first ends it all the same.
			timer := time.AfterFunc(500*time.Millisecond, func() { _ = c.Process.Signal(syscall.SIGTERM) })
			defer timer.Stop()
			var exit *exec.ExitError
			if err := c.Wait(); err == nil || !errors.As(err, &exit) {
				t.Errorf("exit is %v", err)
			}
			if strings.Contains(stderr.String(), "takes longer") {
				t.Errorf("the signal did not end it: %s", stderr.String())
			}
			t.Log(stderr.String())
		})
	}
}

package cmd_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestPauseGC wants no garbage collected before the program is ready, and some when it
// reloads.
func TestPauseGC(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	attr := ownNamespaces(t)
	path := writeConfig(t, `
pipelines:
  p:
    sources: [{type: pcap, interface: lo}]
    filters: [{type: src-rate}, {type: dedup}]
    sinks: [{type: log}]
`)
	for name, args := range map[string][]string{
		"run":     {"run", "-c", path},
		"options": {"-i", "lo", "-d"},
	} {
		t.Run(name, func(t *testing.T) {
			c := exec.Command(program, args...)
			c.SysProcAttr = attr
			c.Env = append(os.Environ(), "GODEBUG=gctrace=1")
			p := start(t, c)
			p.await("msg=ready")
			before, _, _ := strings.Cut(p.log(), "msg=ready")
			if strings.Contains(before, "gc 1 @") {
				t.Errorf("garbage is collected before the program is ready:\n%s", before)
			}
			if name == "run" {
				p.signal(syscall.SIGHUP)
				p.await("gc 1 @")
			}
		})
	}
}

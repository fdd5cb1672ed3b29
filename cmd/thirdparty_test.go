package cmd_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestThirdParty builds a program of another module with a plugin of its own, and
// uses it.
func TestThirdParty(t *testing.T) {
	const dir = "../testdata/thirdparty"
	binary := filepath.Join(t.TempDir(), "pmtud-minttl")
	in := func(name string, args ...string) string {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir = dir
		c.Env = append(c.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		if strings.Contains(string(out), "updates to go.mod needed") || strings.Contains(string(out), "missing go.sum entry") {
			t.Fatalf("%s: run go mod tidy in %s:\n%s", name, dir, out)
		}
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	in("go", "build", "-o", binary, ".")

	text := in(binary, "plugins", "min-ttl")
	for _, want := range []string{"filter min-ttl", "min ", "whole number", "(required)", "low-ttl"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if got := in(binary, "check", "-c", "example.yaml"); got != "example.yaml: ok\n" {
		t.Errorf("check says %q", got)
	}
	in("go", "test", "./...")
}

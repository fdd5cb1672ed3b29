package cmd_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/schematest"
)

// TestThirdParty builds a program of another module with plugins of its own, and
// uses it.
func TestThirdParty(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const dir = "../testdata/thirdparty"
	binary := filepath.Join(t.TempDir(), "pmtud-extra")
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

	for _, tc := range []struct {
		args []string
		want []string
	}{
		{[]string{"plugins"}, []string{"filter  min-ttl", "filter  mtu", "source  udp-packets", "sink    http-post"}},
		{[]string{"plugins", "min-ttl"}, []string{"filter min-ttl", "min ", "whole number", "(required)", "1 to 255", "low-ttl"}},
		{[]string{"plugins", "min-ttl", "--format", "json"}, []string{`"type": "min-ttl"`, `"max": 255`, `"name": "low-ttl"`}},
		{[]string{"plugins", "http-post"}, []string{"sink http-post", "url ", "10ms to 4s", "refused", "posts_total"}},
		{[]string{"plugins", "udp-packets"}, []string{"source udp-packets", "listen ", "(required)"}},
		{[]string{"--version"}, []string{"pmtud-extra v1.0.0 ", " pmtud v0.0.0 go1."}},
		{[]string{"plugins", "--schema"}, []string{`"filter.min-ttl": {`, `"maximum": 255`}},
		{[]string{"check", "-c", "example.yaml"}, []string{"example.yaml: ok"}},
		{[]string{"__complete", "plugins", "min"}, []string{"min-ttl\tfilter: drops messages"}},
		{[]string{"completion", "bash"}, []string{"__start_pmtud-extra pmtud-extra"}},
		{[]string{"--help"}, []string{"pmtud-extra --iface INTERFACE", "pmtud-extra run"}},
	} {
		text := in(binary, tc.args...)
		for _, want := range tc.want {
			if !strings.Contains(text, want) {
				t.Errorf("%v: %q is missing in\n%s", tc.args, want, text)
			}
		}
	}
	schema := schematest.Compile(t, []byte(in(binary, "plugins", "--schema")))
	if err := schematest.Validate(schema, filepath.Join(dir, "example.yaml")); err != nil {
		t.Errorf("the schema refuses example.yaml: %v", err)
	}
	in("go", "test", "./...")
}

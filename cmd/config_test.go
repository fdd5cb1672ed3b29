package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConfig shows each example in each format, reads that again, and wants it to come
// to the same.
func TestConfig(t *testing.T) {
	setKey(t)
	names, err := filepath.Glob("../configs/*.*ml")
	if err != nil || len(names) < 4 {
		t.Fatalf("examples are %v, %v", names, err)
	}
	for _, name := range names {
		for _, written := range []string{"--written", "--written=false"} {
			want := done(t, run(t, "config", "-c", name, written))
			for _, format := range []string{"yaml", "toml", "json"} {
				again := filepath.Join(t.TempDir(), "again."+format)
				text := done(t, run(t, "config", "-c", name, written, "--format", format))
				if err := os.WriteFile(again, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, done(t, run(t, "config", "-c", again, written))); diff != "" {
					t.Errorf("%s as %s:\n%s", name, format, diff)
				}
			}
		}
	}
}

func TestConfigOrigins(t *testing.T) {
	text := done(t, run(t, "config", "-c", "../configs/edge.toml", "--origins", "--format=toml"))
	for _, want := range []string{
		"[[pipelines.edge.sources]]\ntype = \"pcap\"  # ../configs/edge.toml:3:8\n",
		"\nsnaplen = 2048  # default\n",
		"\nports = [80, 443, \"8000-8080\"]  # ../configs/edge.toml:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, args := range [][]string{{}, {"-c", "nowhere.yaml"}, {"-c", "../configs/edge.yaml", "--origins", "--format=json"}} {
		if r := run(t, append([]string{"config"}, args...)...); r.status != 2 || r.stdout != "" {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

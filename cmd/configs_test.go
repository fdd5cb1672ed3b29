package cmd_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/schematest"
)

// TestConfigs loads the examples that come with the program.
func TestConfigs(t *testing.T) {
	t.Chdir("../configs")
	schema := schematest.Compile(t, []byte(done(t, run(t, "plugins", "--schema"))))
	names, err := filepath.Glob("*.*ml")
	if err != nil || len(names) < 4 {
		t.Fatalf("examples are %v, %v", names, err)
	}
	for _, name := range names {
		if got := done(t, run(t, "check", "-c", name)); got != name+": ok\n" {
			t.Errorf("check says %q", got)
		}
		if err := schematest.Validate(schema, name); err != nil {
			t.Errorf("the schema refuses %s: %v", name, err)
		}
	}
	if diff := cmp.Diff(asYAML(t, "edge.yaml"), asYAML(t, "edge.toml")); diff != "" {
		t.Errorf("edge.toml differs (-yaml +toml):\n%s", diff)
	}
	options := done(t, run(t, "--iface", "eth0", "--print-config"))
	if diff := cmp.Diff(options, asYAML(t, "compat.yaml")); diff != "" {
		t.Errorf("compat.yaml differs (-options +file):\n%s", diff)
	}
}

// asYAML returns what a file declares in one form.
func asYAML(t *testing.T, name string) string {
	t.Helper()
	f, err := config.Load([]string{name}, cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.Marshal(f, "yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

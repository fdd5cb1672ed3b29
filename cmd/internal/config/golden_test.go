package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares what Load says of each file, or how Marshal writes it if it
// is right, with the golden file beside it.
func TestGolden(t *testing.T) {
	t.Chdir("testdata")
	for _, name := range goldenInputs(t) {
		t.Run(name, func(t *testing.T) {
			compareGolden(t, name+".golden", describe(t, name))
		})
	}
}

// compareGolden compares text with a file, or writes it anew.
func compareGolden(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("golden file differs (-want +got):\n%s", diff)
	}
}

// goldenInputs returns the files and folders that have, or are to have, a golden
// file.
func goldenInputs(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []string
	for _, name := range all {
		if filepath.Ext(name) != ".golden" && name != "fuzz" && name != "broken" {
			inputs = append(inputs, name)
		}
	}
	return inputs
}

func describe(t *testing.T, paths ...string) string {
	t.Helper()
	f, err := config.Load(paths, plugins)
	if err != nil {
		return err.Error() + "\n"
	}
	yaml, err := config.Marshal(f, "yaml")
	if err != nil {
		t.Fatal(err)
	}
	toml, err := config.Marshal(f, "toml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{string(yaml), string(toml)}, "----\n")
}

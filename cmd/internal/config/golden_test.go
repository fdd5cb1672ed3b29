package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// TestGolden compares what Load says of each file, or how Marshal writes it if it
// is right, with the golden file beside it.
func TestGolden(t *testing.T) {
	t.Chdir("testdata")
	for _, name := range goldenInputs(t) {
		t.Run(name, func(t *testing.T) {
			goldentest.Compare(t, name+".golden", describe(t, name))
		})
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
	f, err := config.Load(t.Context(), paths, plugins)
	if err != nil {
		return err.Error() + "\n"
	}
	yaml, err := write.Declared(f).Marshal("yaml")
	if err != nil {
		t.Fatal(err)
	}
	toml, err := write.Declared(f).Marshal("toml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{string(yaml), string(toml)}, "----\n")
}

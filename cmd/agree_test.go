package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckAndRunAgree wants `check` to accept and to refuse what `run` does, with
// the same words. Nothing that is run can be opened: its interface is not there.
func TestCheckAndRunAgree(t *testing.T) {
	for _, name := range foreignCopies(t, "internal/config/testdata/broken", "internal/config/testdata", "../configs") {
		t.Run(name, func(t *testing.T) {
			check, runs := run(t, "check", "-c", name), run(t, "run", "-c", name)
			switch {
			case check.status == 0 && runs.status == 1 && strings.Contains(runs.stderr, "can't open pipeline"):
			case check.status == 2 && runs.status == 2 && check.stdout+runs.stdout == "" && check.stderr == runs.stderr && check.stderr != "":
			default:
				t.Errorf("check: %+v\nrun: %+v", check, runs)
			}
		})
	}
}

// foreignCopies returns copies of the configurations in some folders, in which no interface
// and no file is one of this host.
func foreignCopies(t *testing.T, folders ...string) (names []string) {
	t.Helper()
	dir := t.TempDir()
	foreign := strings.NewReplacer("eth0", "no-interface-0", "/var/lib/pmtud", dir)
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			switch filepath.Ext(e.Name()) {
			case ".yaml", ".toml", ".json":
			default:
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(dir, filepath.Base(folder)+"-"+e.Name())
			if err := os.WriteFile(name, []byte(foreign.Replace(string(text))), 0o644); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	return names
}

package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/cmd/internal/testkit/manual"
)

// TestGenerated compares what is committed with what the code says of itself; "make
// generate" writes it anew.
func TestGenerated(t *testing.T) {
	t.Chdir("..")
	files := generated(t)
	for name, want := range files {
		if *goldentest.Update {
			writeFile(t, name, want)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%v; run make generate", err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not up to date; run make generate (-want +got):\n%s", name, diff)
		}
	}
	for _, dir := range []string{"configs/man", "configs/completion"} {
		there, err := filepath.Glob(dir + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range there {
			if _, ok := files[name]; !ok {
				t.Errorf("%s belongs to nothing that is there", name)
			}
		}
	}
}

// generated returns the files by their names.
func generated(t *testing.T) map[string]string {
	t.Helper()
	schema, err := config.Schema(cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"README.md":                     readme(t),
		"configs/pmtud.schema.json":     string(schema),
		"configs/metrics.txt":           metrics.Text(metrics.List(cmd.Plugins())),
		"configs/man/pmtud.conf.5":      manual.Config(cmd.Plugins()),
		"configs/completion/pmtud.bash": done(t, run(t, "completion", "bash")),
		"configs/completion/_pmtud":     done(t, run(t, "completion", "zsh")),
		"configs/completion/pmtud.fish": done(t, run(t, "completion", "fish")),
	}
	for name, page := range manual.Pages(cmd.RootCommand()) {
		files["configs/man/"+name] = page
	}
	return files
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(text)
	for name, table := range map[string]string{
		"plugins": manual.PluginTable(cmd.Plugins()),
		"options": manual.OptionTable(cmd.RootCommand().Flags()),
		"filter":  code(t, "testdata/thirdparty/minttl/minttl.go"),
		"main":    code(t, "testdata/thirdparty/main.go"),
	} {
		if document, err = manual.Replace(document, name, table); err != nil {
			t.Fatal(err)
		}
	}
	return document
}

// code returns a file of Go, which is compiled by a test of its own, as it stands in
// Markdown.
func code(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return "```go\n" + string(text) + "```\n"
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGeneratedForms has those programs read what is generated that will.
func TestGeneratedForms(t *testing.T) {
	for _, tc := range []struct {
		files string
		check []string
	}{
		{"../configs/man/*", []string{"groff", "-man", "-ww", "-z"}},
		{"../configs/completion/pmtud.bash", []string{"bash", "-n"}},
		{"../configs/completion/_pmtud", []string{"zsh", "-n"}},
		{"../configs/completion/pmtud.fish", []string{"fish", "--no-execute"}},
	} {
		t.Run(tc.check[0], func(t *testing.T) {
			if _, err := exec.LookPath(tc.check[0]); err != nil {
				t.Skipf("needs %s", tc.check[0])
			}
			files, err := filepath.Glob(tc.files)
			if err != nil || len(files) == 0 {
				t.Fatalf("%d files, %v", len(files), err)
			}
			for _, file := range files {
				out, err := exec.Command(tc.check[0], append(tc.check[1:], file)...).CombinedOutput()
				if err != nil || len(out) > 0 {
					t.Errorf("%s: %v\n%s", file, err, out)
				}
			}
		})
	}
}

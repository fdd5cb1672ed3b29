package cmd_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/cmd/internal/testkit/manual"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// TestGenerated compares what is committed with what the code says of itself; "make
// generate" writes it again.
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
	schema, err := catalog.Schema(cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
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
	fillDocuments(t, files)
	return files
}

// fillDocuments adds the documents that have generated parts to files.
func fillDocuments(t *testing.T, files map[string]string) {
	t.Helper()
	texts := documents(t)
	pages := map[string]string{} // of plugins, by the names of their parts
	for name, text := range texts {
		for _, part := range manual.Parts(text) {
			pages[part] = name
		}
	}
	for name, text := range texts {
		for _, part := range manual.Parts(text) {
			var err error
			if text, err = manual.Replace(text, part, generatedPart(t, name, part, pages)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			files[name] = text
		}
	}
}

// generatedPart returns the text of a part of a document. pages has the documents of all
// parts.
func generatedPart(t *testing.T, document, part string, pages map[string]string) string {
	t.Helper()
	if name, ok := strings.CutPrefix(part, "file "); ok {
		return code(t, name)
	}
	switch part {
	case "options":
		return manual.OptionTable(cmd.RootCommand().Flags())
	case "top level":
		return manual.SettingTable(setting.Describe(config.GlobalSettings()))
	case "queue":
		return manual.SettingTable(setting.Describe(config.SinkSettings()))
	}
	for _, p := range cmd.Plugins() {
		if part == p.Kind.String()+" "+p.Type {
			return manual.PluginText(p)
		}
	}
	for _, kind := range []pipeline.Kind{pipeline.KindSource, pipeline.KindFilter, pipeline.KindSink} {
		if part == kind.String()+"s" {
			return manual.PluginTable(cmd.Plugins(), kind, func(p pipeline.Plugin) string {
				page := pages[kind.String()+" "+p.Type]
				if page == "" {
					t.Fatalf("%s %s has no page", kind, p.Type)
				}
				return relative(t, document, page)
			})
		}
	}
	t.Fatalf("%s: no text is called %q", document, part)
	return ""
}

// relative returns the link from one document to another.
func relative(t *testing.T, from, to string) string {
	t.Helper()
	link, err := filepath.Rel(filepath.Dir(from), to)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// documents returns all documents in Markdown by their names.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || path == "dist"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			texts[path] = readFile(t, path)
		}
		return nil
	})
	if err != nil || len(texts) < 20 {
		t.Fatalf("%d documents, %v", len(texts), err)
	}
	return texts
}

// code returns a file of Go, which is compiled by a test of its own, as it is in
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

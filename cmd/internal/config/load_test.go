package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

// TestFiles wants each file of a list of paths once, in the stated order.
func TestFiles(t *testing.T) {
	files := map[string]string{
		"conf.d/20-b.yaml":          "pipelines: {b: {sources: [{type: file}], sinks: [{type: output}]}}",
		"conf.d/10-a.toml":          "[[pipelines.a.sources]]\ntype = 'file'\n[[pipelines.a.sinks]]\ntype = 'output'\n",
		"conf.d/9-c.YML":            "pipelines: {c: {sources: [{type: file}], sinks: [{type: output}]}}",
		"conf.d/30-d.json":          `{"pipelines": {"d": {"sources": [{"type": "file"}], "sinks": [{"type": "output"}]}}}`,
		"conf.d/.hidden.yaml":       "broken:",
		"conf.d/.#20-b.yaml":        "broken:",
		"conf.d/#20-b.yaml#":        "broken:",
		"conf.d/20-b.yaml~":         "broken:",
		"conf.d/20-b.yaml.bak":      "broken:",
		"conf.d/20-b.yaml.swp":      "broken:",
		"conf.d/20-b.yaml.rpmnew":   "broken:",
		"conf.d/20-b.yaml.dpkg-old": "broken:",
		"conf.d/README":             "broken:",
		"conf.d/sub.yaml/x.yaml":    "broken:",
		"other.yaml":                "pipelines: {e: {sources: [{type: file}], sinks: [{type: output}]}}",
	}
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../other.yaml", "conf.d/25-link.yaml"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ paths, want []string }{
		"folder":              {[]string{"conf.d"}, []string{"conf.d/10-a.toml", "conf.d/20-b.yaml", "conf.d/25-link.yaml", "conf.d/30-d.json", "conf.d/9-c.YML"}},
		"file before folder":  {[]string{"conf.d/30-d.json", "conf.d"}, []string{"conf.d/30-d.json", "conf.d/10-a.toml", "conf.d/20-b.yaml", "conf.d/25-link.yaml", "conf.d/9-c.YML"}},
		"two files":           {[]string{"other.yaml", "conf.d/10-a.toml"}, []string{"other.yaml", "conf.d/10-a.toml"}},
		"same file":           {[]string{"other.yaml", "./other.yaml", "conf.d/../other.yaml"}, []string{"other.yaml"}},
		"same file by a link": {[]string{"conf.d/25-link.yaml", "other.yaml"}, []string{"conf.d/25-link.yaml"}},
		"same folder":         {[]string{"conf.d/", "conf.d"}, []string{"conf.d/10-a.toml", "conf.d/20-b.yaml", "conf.d/25-link.yaml", "conf.d/30-d.json", "conf.d/9-c.YML"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := config.Load(t.Context(), tc.paths, plugins)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, f.Names); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if len(f.Pipelines) != len(tc.want) {
				t.Errorf("%d pipelines of %d files", len(f.Pipelines), len(tc.want))
			}
		})
	}
}

// TestNothingDeclared has files of comments alone, which are a note in a folder.
func TestNothingDeclared(t *testing.T) {
	const edge = "pipelines: {a: {sources: [{type: file}], sinks: [{type: output}]}}"
	for name, tc := range map[string]struct {
		files       map[string]string
		paths       []string
		empty, want []string
	}{
		"one of a folder": {
			map[string]string{"d/10.yaml": edge, "d/20.yaml": "# pipelines:\n#   b: switched off\n"},
			[]string{"d"},
			[]string{"d/20.yaml"},
			nil,
		},
		"others": {
			map[string]string{"d/10.yaml": edge, "d/20.toml": "# cpu = 1\n", "d/30.json": "", "d/40.yaml": "---\n", "d/50.yaml": "\n \n"},
			[]string{"d"},
			[]string{"d/20.toml", "d/30.json", "d/40.yaml", "d/50.yaml"},
			nil,
		},
		"all of a folder": {
			map[string]string{"d/10.yaml": "# x\n"},
			[]string{"d"},
			[]string{"d/10.yaml"},
			[]string{"d: no pipelines are declared; add `pipelines`"},
		},
		"named": {
			map[string]string{"10.yaml": edge, "20.yaml": "# x\n"},
			[]string{"10.yaml", "20.yaml"},
			[]string{"20.yaml"},
			[]string{"20.yaml: file is empty; `pmtud init` writes one to start from"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, text := range tc.files {
				if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			f, err := config.Load(t.Context(), tc.paths, plugins)
			if diff := cmp.Diff(tc.empty, f.Empty); diff != "" {
				t.Errorf("files without content (-want +got):\n%s", diff)
			}
			mistakes, _ := errors.AsType[config.Mistakes](err)
			var got []string
			for _, m := range mistakes {
				got = append(got, m.Short())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestManyFiles wants a folder of too many files, and files that are too large together, to
// be refused instead of read.
func TestManyFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Chdir(t.TempDir())
	large := "pipelines:\n" + strings.Repeat("# x\n", 1<<18-10)
	for i := range 1001 {
		name := fmt.Sprintf("many/%04d.yaml", i)
		if err := errors.Join(os.MkdirAll("many", 0o755), os.MkdirAll("large", 0o755), os.WriteFile(name, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		if i < 9 {
			if err := os.WriteFile(fmt.Sprintf("large/%d.yaml", i), []byte(large), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, want := range map[string]string{
		"many":  "many: there are more than 1000 files",
		"large": "large/8.yaml: read file: does not fit: all files together are larger than 8 MiB",
	} {
		if _, err := config.Load(t.Context(), []string{path}, plugins); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mistakes are %.300v, want %q", err, want)
		}
	}
}

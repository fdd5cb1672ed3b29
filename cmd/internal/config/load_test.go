package config_test

import (
	"os"
	"path/filepath"
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
			f, err := config.Load(tc.paths, plugins)
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

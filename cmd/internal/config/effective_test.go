package config_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
)

// TestEffective writes what files come to in each format, reads it again and wants it
// to come to the same.
func TestEffective(t *testing.T) {
	for _, name := range []string{"testdata/good.yaml", "testdata/good.toml", "testdata/good.json", "testdata/anchors.yaml"} {
		f, err := config.Load(t.Context(), []string{name}, plugins)
		if err != nil {
			t.Fatal(err)
		}
		for _, view := range []write.View{{}, {Defaults: true}, {Origins: true}, {Defaults: true, Origins: true}} {
			want := marshalled(t, write.Effective(f, write.View{Defaults: view.Defaults}), "yaml")
			for _, format := range []string{"yaml", "toml", "json"} {
				again := mustLoad(t, "again."+format, marshalled(t, write.Effective(f, view), format))
				got := marshalled(t, write.Effective(again, write.View{Defaults: view.Defaults}), "yaml")
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s as %s, %+v:\n%s", name, format, view, diff)
				}
			}
		}
	}
}

func marshalled(t *testing.T, d *write.Document, format string) string {
	t.Helper()
	text, err := d.Marshal(format)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOrigins compares where values are said to come from.
func TestOrigins(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("WAIT", "2s")
	t.Setenv("NAME", "b")
	const text = `http: {listen: "127.0.0.1:9342"}
pipelines:
  a:
    sources:
      - type: declared
        wait: ${WAIT}
        count: "${COUNT:-5}"
        names: [a, "${NAME}$$", "${file:name.txt}"]
    sinks:
      - {type: output, path: x, name: output}
`
	const name = "b\x1b.yaml"
	for name, text := range map[string]string{name: text, "name.txt": "c\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := config.Load(t.Context(), []string{name}, append(plugins, declared()))
	if err != nil {
		t.Fatal(err)
	}
	const want = `http:
  listen: "127.0.0.1:9342"  # b�.yaml:1:16
pipelines:
  a:
    sources:
      - type: declared  # b�.yaml:5:15
        count: 5  # default of COUNT at b�.yaml:7:16
        wait: "2s"  # environment WAIT at b�.yaml:6:15
        names: [a, "b$", c]  # environment NAME, file name.txt at b�.yaml:8:16
    sinks:
      - type: output  # b�.yaml:10:16
        name: output
        path: x  # b�.yaml:10:30
`
	if diff := cmp.Diff(want, marshalled(t, write.Effective(f, write.View{Origins: true}), "yaml")); diff != "" {
		t.Error(diff)
	}
}

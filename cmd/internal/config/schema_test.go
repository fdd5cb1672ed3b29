package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/cmd/internal/testkit/schematest"
	"github.com/pmtud/pmtud/pipeline"
)

func compileSchema(t *testing.T, plugins []pipeline.Plugin) *jsonschema.Schema {
	t.Helper()
	text, err := catalog.Schema(plugins)
	if err != nil {
		t.Fatal(err)
	}
	return schematest.Compile(t, text)
}

// beyondSchema are reasons why a schema can't refuse what Load does, with the files.
var beyondSchema = map[string][]string{
	"one of several files may be empty or without pipelines": {"empty.toml", "only-cpu.yaml", "broken/nothing.toml"},
	"it is the text that is wrong, not the values": {
		"broken/date.toml", "broken/latin1.yaml", "broken/leading-zero.yaml", "broken/second-document.yaml", "broken/unknown-tag.yaml",
	},
	"a value depends on another":        {"plugin-errors.toml", "broken/mtu-max-below-min.toml", "broken/mtu-min-above-max.yaml", "broken/prefix-none.toml"},
	"stages are in each other's way":    {"broken/file-of-two.toml", "broken/five-aliases.yaml", "broken/group-of-two.yaml", "broken/names-twice.toml", "broken/names-twice.yaml"},
	"a sink feeds its source":           {"broken/loop.toml", "broken/loop-of-file.toml", "broken/loop-of-peers.toml"},
	"the host tells what a variable is": {"broken/variable-file.toml", "broken/variable-type.toml", "broken/variable-unset.yaml"},
	"text may hold what only begins so": {"broken/variable-name.toml", "broken/variable-unterminated.toml"},
	"a plugin parses the text on its own": {
		"broken/compressed-sink.toml", "broken/pattern.toml", "broken/peer-address.toml", "broken/peer-multicast.yaml", "broken/port-negative.yaml",
		"broken/port-range.toml",
		"broken/port-too-high.yaml", "broken/prefix.toml", "broken/prefix-host-bits.yaml", "broken/size-too-small.toml",
	},
}

// whyNot returns the reason why a schema can't refuse a file; empty if it can.
func whyNot(name string) string {
	for reason, names := range beyondSchema {
		if slices.Contains(names, strings.TrimPrefix(name, "testdata/")) {
			return reason
		}
	}
	return ""
}

// readOtherwise are files that the YAML reader of the test reads as none else does.
var readOtherwise = map[string]string{
	"good.yaml": "1e-1 is a number",
}

// TestSchemaOfFiles checks that the schema accepts what Load does, and refuses the
// other files as far as a schema can.
func TestSchemaOfFiles(t *testing.T) {
	testSchemaOfFiles(t, "testdata/*.[jty]*[ln]", plugins)
	testSchemaOfFiles(t, "testdata/broken/*.[jty]*[ln]", cmd.Plugins())
}

func testSchemaOfFiles(t *testing.T, pattern string, plugins []pipeline.Plugin) {
	schema := compileSchema(t, plugins)
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) < 20 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			_, refused := config.Load(t.Context(), []string{name}, plugins)
			invalid := schematest.Validate(schema, name)
			base := filepath.Base(name)
			switch {
			case errors.Is(invalid, schematest.ErrForm) || readOtherwise[base] != "":
			case refused == nil && invalid != nil:
				t.Errorf("Load accepts it, but the schema does not: %v", invalid)
			case refused != nil && (invalid == nil) != (whyNot(name) != ""):
				t.Errorf("the schema says %v; reason why it can't refuse it: %q", invalid, whyNot(name))
			}
		})
	}
}

// TestSchemaOfValues checks each kind of setting.
func TestSchemaOfValues(t *testing.T) {
	schema := compileSchema(t, append(plugins, declared()))
	for _, tc := range []struct {
		settings string
		want     string // in what the schema says; it accepts if empty
	}{
		{"names: a", ""},
		{"names: [a, b]", ""},
		{"names: []", "minItems"},
		{"", "missing property 'names'"},
		{"names: a, count: 9", ""},
		{"names: a, count: 10", "maximum: got 10, want 9"},
		{"names: a, count: 0", "minimum: got 0, want 1"},
		{"names: a, count: 1.5", "want integer"},
		{"names: a, count: '1'", "does not match"},
		{"names: a, count: '${COUNT}'", ""},
		{"names: a, count: '${COUNT:-1}0'", ""},
		{"names: a, wait: 1h30m", ""},
		{"names: a, wait: 1.5ms", ""},
		{"names: a, wait: 0", ""},
		{"names: a, wait: 10", "maximum"},
		{"names: a, wait: 10 apples", "does not match"},
		{"names: a, wait: '${WAIT}'", ""},
		{"names: a, ring: 4MiB", ""},
		{"names: a, ring: 1.5 GB", ""},
		{"names: a, ring: 4096", ""},
		{"names: a, ring: 1073741825", "maximum"},
		{"names: a, ring: -1", "minimum"},
		{"names: a, ring: large", "does not match"},
		{"names: a, mode: both", ""},
		{"names: a, mode: inn", "'in', 'out', 'both'"},
		{"names: a, mode: '${MODE}'", ""},
		{"names: a, code: '12'", ""},
		{"names: a, code: 'x12'", "does not match"},
		{"names: a, code: '${CODE}'", ""},
		{"names: a, levels: 3", ""},
		{"names: a, levels: [1, '${LEVEL}']", ""},
		{"names: a, levels: [4]", "maximum"},
		{"names: a, modes: in", "additional properties 'modes' not allowed"},
		{"names: a, filters: []", "additional properties 'filters' not allowed"},
		{"names: a, name: x", ""},
		{`names: a, name: "\t"`, "does not match"},
	} {
		t.Run(tc.settings, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "a.yaml")
			text := "pipelines: {a: {sources: [{type: declared, " + tc.settings + "}], sinks: [{type: output}]}}\n"
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := schematest.Validate(schema, name)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("schema says %v, want %q", err, tc.want)
			}
		})
	}
}

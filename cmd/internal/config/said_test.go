package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// TestSaid wants what is said of small files, in the words of their formats.
func TestSaid(t *testing.T) {
	const source, sink = "{type: pcap, interface: e}", "{type: log}"
	edge := func(filters, sinks string) string {
		return "pipelines: {a: {sources: [" + source + "], filters: [" + filters + "], sinks: [" + sinks + "]}}\n"
	}
	for _, tc := range []struct{ file, text, want string }{
		{"a.toml", "[pipelines.a]\nsources = ['pcap']\nsinks = [{type = 'log'}]\n", "2:12: element of `sources` must contain `type` and settings, not text; write `{type = \"pcap\"}`"},
		{"a.json", `{"pipelines": {"a": {"sources": ["pcap"], "sinks": [{"type": "log"}]}}}`, "1:34: element of `sources` must contain `type` and settings, not text; write `{\"type\": \"pcap\"}`"},
		{"a.json", `{"pipelines": {"a": {"sources": {}, "sinks": [{"type": "log"}]}}}`, "1:33: `sources` must be a list of stages, not name-value pairs; put the stages in `[` and `]`"},
		{"a.yaml", "sources: []\n" + edge("", sink), "1:1: unknown setting `sources`; put it into a pipeline, below `pipelines:` and its name"},
		{"a.yaml", edge("", "{type: log, log: {level: info}}"), "1:89: unknown setting `log` of sink `log`; put it at the top level, beside `pipelines`"},
		{"a.yaml", edge("", "{type: log, cpu: 1}"), "1:89: unknown setting `cpu` of sink `log`; put it at the top level, beside `pipelines`"},
		{"a.yaml", edge("", "{type: log, name: \"a\\x7f\"}"), `1:95: name "a\x7f" is empty or contains control characters`},
		{"a.yaml", edge("", "{type: log, name: \"a~\"}"), ""},
		{"a.yaml", edge("{type: port-list, ports: {80: 1}}", sink), "1:91: `ports` must be a list, not name-value pairs"},
		{"a.yaml", edge("{type: source-list, deny: {2001:db8::/32}}", sink), "1:92: `deny` must be text, not name-value pairs; put quotes around it: \"2001:db8::/32\""},
		{"a.yaml", edge("{type: port-list, ports: [x, 80, y]}", sink), "1:92: `ports`: \"x\" is not a port; write a number from 0 to 65535, a range such as 8000-8080, or a protocol such as tcp|" +
			"1:99: `ports`: \"y\" is not a port; write a number from 0 to 65535, a range such as 8000-8080, or a protocol such as tcp"},
		{"a.yaml", "pipelines: {a: {sources: [{type: nflog}], sinks: [" + sink + "]}}\n", "1:34: source `nflog` needs the setting `group`; add, for example, `group: 33`"},
		{"a.yaml", edge("", "{type: log, verbosity: 1, queue: }"), "1:103: `queue` has no value"},
		{"a.yaml", "pipelines: {a: {sources: [" + source + "], filters: 5, sinks: [{type: peers, addresses: 192.0.2.11}]}}\n", "1:65: `filters` must be a list of stages, not the number 5"},
		{"a.yaml", "pipelines: {a: {sources: [" + source + "], filters: 5, sinks: [{type: broadcast, interface: e}]}}\n", "1:65: `filters` must be a list of stages, not the number 5"},
	} {
		_, err := loadWith(t, tc.file, tc.text)
		mistakes, _ := errors.AsType[config.Mistakes](err)
		var got []string
		for _, m := range mistakes {
			_, said, _ := strings.Cut(m.Short(), tc.file+":")
			got = append(got, strings.TrimSuffix(said, "; begin each stage with `- type:`"))
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", tc.text, diff)
		}
	}
}

// TestWrongKeepsDefault wants a setting that is wrong to keep what it is without one.
func TestWrongKeepsDefault(t *testing.T) {
	f, err := loadWith(t, "a.yaml", "log: {level: verbose, format: json}\ncpu: 1\n")
	if err == nil || f.Global.Log != (config.Log{Format: "json", Level: "info"}) || *f.Global.CPU != 1 {
		t.Errorf("settings are %+v: %v", f.Global, err)
	}
}

// TestManyPipelines wants a thousand pipelines, and no more.
func TestManyPipelines(t *testing.T) {
	pipelines := func(n int) string {
		return numbered(n, "[[pipelines.p%d.sources]]\ntype = 'pcap-file'\npath = '/a'\n[[pipelines.p%[1]d.sinks]]\ntype = 'log'\n")
	}
	rest := "[[pipelines.b.sources]]\ntype = 'pcap-file'\npath = '/a'\n[[pipelines.b.sinks]]\ntype = 'log'\n"
	t.Chdir(t.TempDir())
	for n, want := range map[int]string{999: "", 1000: "b.toml:1:13: there are more than 1000 pipelines"} {
		paths := []string{writeText(t, "a.toml", pipelines(n)), writeText(t, "b.toml", rest)}
		_, err := config.Load(t.Context(), paths, cmd.Plugins())
		got := ""
		if mistakes, ok := errors.AsType[config.Mistakes](err); ok {
			got = mistakes[0].Short()
		}
		if !strings.HasSuffix(got, want) || (got == "") != (want == "") {
			t.Errorf("%d and one: %s", n, got)
		}
	}
}

// TestStages asks a file for what its stages need, and which settings are secret.
func TestStages(t *testing.T) {
	f, err := loadWith(t, "a.yaml", `pipelines:
  a:
    sources: [{type: pcap, interface: e}]
    filters: [{type: iface-rate}, {type: icmp-ptb}]
    sinks:
      - {type: relay, peers: 192.0.2.11, key: "0123456789abcdef0123456789abcdef", filters: [{type: src-rate}]}
      - {type: pcap-file, path: /x}
`)
	if err != nil {
		t.Fatal(err)
	}
	needs, undeclared := f.Needs()
	if len(needs) != 6 || len(undeclared) > 0 || fmt.Sprint(needs[0].Interfaces) != "[e]" {
		t.Errorf("%d stages need %+v, and %v may", len(needs), needs, undeclared)
	}
	relay := f.Pipelines[0].Sinks[0]
	if !relay.IsSecret("key") || relay.IsSecret("peers") || relay.IsSecret("none") || (config.Stage{}).IsSecret("key") {
		t.Error("other settings are secret")
	}
}

// TestSchemaGolden compares the schema of the tests' plugins.
func TestSchemaGolden(t *testing.T) {
	text, err := catalog.Schema(append(plugins, declared()))
	if err != nil {
		t.Fatal(err)
	}
	goldentest.Compare(t, "testdata/schema.golden", string(text))
}

package cmd_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestPlugins(t *testing.T) {
	list := done(t, run(t, "plugins"))
	for _, p := range cmd.Plugins() {
		if !strings.Contains(list, p.Type) || !strings.Contains(unwrapped(list), p.Summary) {
			t.Errorf("%s is not listed:\n%s", p.Type, list)
		}
		want := []string{}
		for _, s := range catalog.Describe(p).Settings {
			want = append(want, s.Name, s.Kind(), s.Allowed(), setting.Line(s.Default), setting.Line(s.Example), s.Doc)
		}
		for _, r := range p.Reasons {
			want = append(want, r.Name, r.Doc)
		}
		for _, m := range p.Metrics {
			want = append(want, m.Name, m.Doc)
		}
		text := done(t, run(t, "plugins", p.Type))
		for _, want := range want {
			if !strings.Contains(unwrapped(text), unwrapped(want)) {
				t.Errorf("%q of %s is missing:\n%s", want, p.Type, text)
			}
		}
	}
}

// unwrapped returns text without the line breaks and spaces between its words.
func unwrapped(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

// TestPluginsExamples checks that every setting has an example to show and to begin
// with.
func TestPluginsExamples(t *testing.T) {
	for _, p := range cmd.Plugins() {
		for _, s := range catalog.Describe(p).Settings {
			if s.Example == nil {
				t.Errorf("setting %s of %v %s has no example", s.Name, p.Kind, p.Type)
			}
		}
	}
}

func TestPluginsJSON(t *testing.T) {
	var got struct{ Plugins []catalog.PluginInfo }
	if err := json.Unmarshal([]byte(done(t, run(t, "plugins", "mtu", "--format=json"))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Plugins) != 1 || got.Plugins[0].Type != "mtu" || len(got.Plugins[0].Reasons) != 2 {
		t.Fatalf("got %+v", got)
	}
	want := setting.Info{
		Name: "strict", Type: setting.Bool, Default: false, Example: true,
		Doc: "pass only MTUs from 576 to 1499",
	}
	if diff := cmp.Diff(want, got.Plugins[0].Settings[2]); diff != "" {
		t.Error(diff)
	}
	if err := json.Unmarshal([]byte(done(t, run(t, "plugins", "--format=json"))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Plugins) != len(cmd.Plugins()) {
		t.Errorf("%d plugins of %d", len(got.Plugins), len(cmd.Plugins()))
	}
}

func TestPluginsErrors(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"pcpa"}, `unknown plugin "pcpa"; did you mean pcap?`},
		{[]string{"something"}, `unknown plugin "something"; there are broadcast, `},
		{[]string{"--format", "xml"}, "must be text or json"},
		{[]string{"--schema", "mtu"}, "--schema goes without a name and --format"},
		{[]string{"--schema", "--format", "json"}, "--schema goes without a name and --format"},
	} {
		r := run(t, append([]string{"plugins"}, tc.args...)...)
		if r.status != 2 || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%v: exit status %d, %s", tc.args, r.status, r.stderr)
		}
	}
}

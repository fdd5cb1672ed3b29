package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
)

const somePipeline = "pipelines: {p: {sources: [{type: file}], sinks: [{type: output}]}}\n"

// allGlobal is every setting of the top level.
const allGlobal = `cpu: 3
http:
  listen: "[2001:db8::1]:9342"
  web_config: /etc/web.yml
  page: anyone
log:
  format: json
  level: warn
user: pmtud
watch: true
sandbox: required
control: /run/other.sock
canary:
  interval: 30s
  name: web1.example
`

func TestGlobal(t *testing.T) {
	cpu := uint16(3)
	defaults := *config.GlobalSettings()
	for name, tc := range map[string]struct {
		text string
		want config.Global
	}{
		"none": {"", defaults},
		"all": {allGlobal, config.Global{
			CPU:  &cpu,
			HTTP: config.HTTP{Listen: "[2001:db8::1]:9342", WebConfig: "/etc/web.yml", Page: "anyone"},
			Log:  config.Log{Format: "json", Level: "warn"},
			User: "pmtud", Watch: true, Sandbox: "required", Control: "/run/other.sock",
			Canary: config.Canary{Interval: 30 * time.Second, Name: "web1.example"},
		}},
		"empty section": {"http: {}\nlog: {level: debug}\n", config.Global{
			HTTP: config.HTTP{Page: "loopback"},
			Log:  config.Log{Format: "text", Level: "debug"}, Sandbox: "auto",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustLoad(t, "a.yaml", tc.text+somePipeline)
			if diff := cmp.Diff(tc.want, f.Global); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, format := range []string{"yaml", "toml"} {
				text, err := write.Declared(f).Marshal(format)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, mustLoad(t, "again."+format, string(text)).Global); diff != "" {
					t.Errorf("%s (-want +got):\n%s\n%s", format, diff, text)
				}
			}
		})
	}
}

func TestGlobalAt(t *testing.T) {
	f := mustLoad(t, "a.yaml", allGlobal+somePipeline)
	for _, tc := range []struct {
		names        []string
		line, column int
	}{
		{[]string{"cpu"}, 1, 6},
		{[]string{"http", "listen"}, 3, 11},
		{[]string{"http"}, 3, 3},
		{[]string{"sandbox"}, 11, 10},
		{[]string{"http", "other"}, 0, 0},
		{[]string{"cpu", "other"}, 0, 0},
		{[]string{"other"}, 0, 0},
	} {
		at := f.At(tc.names...)
		if at.Line != tc.line || at.Column != tc.column || at.Line > 0 && at.File != f.Names[0] {
			t.Errorf("%v stands at %v", tc.names, at)
		}
	}
}

func TestGlobalMistakes(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"unknown":             {"https: {}", "1:1: unknown setting `https`; did you mean `http`?"},
		"unknown within":      {"http: {lsten: x}", "1:8: unknown setting `lsten` of `http`; did you mean `listen`?"},
		"not a table":         {"http: 127.0.0.1:80", "1:7: `http` must contain name-value pairs, not text"},
		"no value":            {"http:", "1:1: `http` has no value"},
		"no value within":     {"http: {listen: }", "1:8: `listen` has no value"},
		"wrong type":          {"http: {listen: 80}", "1:16: `listen` must be text, not the number 80; put quotes around it: \"80\""},
		"no port":             {"http: {listen: 127.0.0.1}", "1:16: `listen`: \"127.0.0.1\" is not HOST:PORT such as 127.0.0.1:9342: missing port in address"},
		"port too high":       {"http: {listen: ':65536'}", "1:16: `listen`: \":65536\" is not HOST:PORT such as 127.0.0.1:9342: the port must be a number from 0 to 65535"},
		"incomplete address":  {"http: {listen: '127.0.1:80'}", "1:16: `listen`: \"127.0.1:80\" is not HOST:PORT such as 127.0.0.1:9342: the host is neither an address nor a name"},
		"impossible host":     {"http: {listen: 'a b:80'}", "1:16: `listen`: \"a b:80\" is not HOST:PORT such as 127.0.0.1:9342: the host is neither an address nor a name"},
		"address in brackets": {"http: {listen: '2001:db8::1:80'}", "1:16: `listen`: \"2001:db8::1:80\" is not HOST:PORT such as 127.0.0.1:9342: too many colons in address"},
		"user":                {"user: 'two words'", "1:7: `user`: \"two words\" is not the name or number of a user"},
		"control":             {"control: run/p.sock", "1:10: `control`: \"run/p.sock\" is neither an absolute path nor off"},
		"cpu":                 {"cpu: -1", "1:6: `cpu` must be from 0 to 65535, not -1"},
		"canary too often":    {"canary: {interval: 999ms}", "1:20: `interval` must be at least 1s, or 0s for no test messages, not 999ms"},
		"canary too rare":     {"canary: {interval: 61m}", "1:20: `interval` must be from 0s to 1h, not 1h1m"},
		"canary without unit": {"canary: {interval: 60}", "1:20: `interval` must be a duration such as 10s, not the number 60; write \"60s\" if seconds are meant"},
		"canary's name":       {"canary: {interval: 60s, name: 'web 1'}", "1:31: `name`: \"web 1\" is not 1 to 63 letters, digits, dots, hyphens or underscores"},
		"canary's long name":  {"canary: {interval: 60s, name: " + strings.Repeat("x", 64) + "}", "1:31: `name`: \"" + strings.Repeat("x", 64) + "\" is not 1 to 63 letters, digits, dots, hyphens or underscores"},
		"canary only a name":  {"canary: {name: web1}", "1:16: `name`: has no effect: without an interval no test messages are sent; add `interval`"},
		"watch":               {"watch: yes", "1:8: `watch` must be true or false, not text; write true"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, "a.yaml", tc.text+"\n"+somePipeline)
			var mistakes config.Mistakes
			if !errors.As(err, &mistakes) || len(mistakes) != 1 {
				t.Fatalf("want one mistake, got %v", err)
			}
			first, _, _ := strings.Cut(mistakes[0].Error(), "\n")
			if got := strings.TrimPrefix(first, mistakes[0].File+":"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	for _, listen := range []string{":0", "localhost:http9342", "127.0.0.1:9342", "[::1]:80", "[fe80::1%eth0]:80", "a.example.net:80"} {
		_, err := load(t, "a.yaml", "http: {listen: '"+listen+"'}\n"+somePipeline)
		if want := strings.Contains(listen, "http9342"); (err != nil) != want {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

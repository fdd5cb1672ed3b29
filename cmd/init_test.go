package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/sealed"
)

const edgeChain = "pcap(interface=eth0) | icmp-ptb | mtu(strict=true) | port-list(ports=80,443,8000-8080) |" +
	" broadcast(interface=eth0) + log(verbosity=2)"

func TestInit(t *testing.T) {
	for _, format := range []string{"yaml", "toml"} {
		golden := "testdata/init." + format
		got := done(t, run(t, "init", edgeChain, "--format", format))
		goldentest.Compare(t, golden, got)
		if got := done(t, run(t, "check", "-c", golden)); got != golden+": ok\n" {
			t.Errorf("check says %q", got)
		}
	}
}

func TestInitRecommends(t *testing.T) {
	for _, format := range []string{"yaml", "toml"} {
		got := done(t, run(t, "init", "--host=false", "--format", format))
		if diff := cmp.Diff(configs.Recommended(format), got); diff != "" {
			t.Errorf("init does not print configs/recommended.%s (-want +got):\n%s", format, diff)
		}
	}
}

// TestInitFillsIn has names that have to be quoted, too.
func TestInitFillsIn(t *testing.T) {
	for _, iface := range []string{"bond0.100", "1e3", `a"\'$${b}`, "#"} {
		for _, format := range []string{"yaml", "toml"} {
			name := filepath.Join(t.TempDir(), "a."+format)
			done(t, run(t, "init", "--host=false", "--iface", iface, "--pipeline", "the edge", "--output", name))
			f, err := config.Load(t.Context(), []string{name}, cmd.Plugins())
			if err != nil {
				t.Fatal(err)
			}
			p := f.Pipelines[0]
			got := []string{p.Name}
			for _, s := range slices.Concat(p.Sources, p.Filters, p.Sinks) {
				for _, setting := range s.Settings {
					if setting.Name == "interface" {
						got = append(got, fmt.Sprint(s.Type, " ", setting.Value))
					}
				}
			}
			want := []string{"the edge", "pcap " + iface, "sane " + iface, "broadcast " + iface}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q in %s (-want +got):\n%s", iface, format, diff)
			}
		}
	}
}

// commented matches a setting that is a comment.
var commented = regexp.MustCompile(`(?m)^( *)# ([a-z][a-z0-9_]*(: | = ))`)

// TestInitOfEachPlugin makes a configuration with each plugin, with nothing but what it
// requires. It must be right, and with all that is commented out as well.
func TestInitOfEachPlugin(t *testing.T) {
	for _, p := range cmd.Plugins() {
		stage := required(p)
		chain := map[pipeline.Kind]string{
			pipeline.KindSource: stage + " | icmp-ptb | log",
			pipeline.KindFilter: "nflog(group=33) | icmp-ptb | " + stage + " | log",
			pipeline.KindSink:   "nflog(group=33) | icmp-ptb | iface-rate | " + stage,
		}[p.Kind]
		if p.Type == "icmp-ptb" {
			chain = "nflog(group=33) | icmp-ptb | log"
		}
		for _, format := range []string{"yaml", "toml"} {
			text := done(t, run(t, "init", chain, "--format", format))
			for _, s := range catalog.Describe(p).Settings {
				if !regexp.MustCompile(`(?m)^ *(# )?` + s.Name + `(: | = )`).MatchString(text) {
					t.Errorf("%v %s: setting %s is missing in\n%s", p.Kind, p.Type, s.Name, text)
				}
			}
			all := commented.ReplaceAllStringFunc(text, func(line string) string {
				if name := strings.Trim(line, " #:="); slices.Contains(alternatives[p.Type], name) {
					return line
				}
				return commented.ReplaceAllString(line, "$1$2")
			})
			all = strings.ReplaceAll(all, sealed.Example, "a secret that is none of the examples")
			for _, text := range []string{text, all} {
				name := filepath.Join(t.TempDir(), "a."+format)
				writeFile(t, name, text)
				if r := run(t, "check", "-c", name); r.status != 0 {
					t.Errorf("%s: %s\n%s", chain, r.stderr, text)
				}
			}
		}
	}
}

// oneOfTwo are settings that some plugins want if another is not there.
var oneOfTwo = map[string]string{"source-list": "deny", "vips": "prefixes", "relay": "insecure"}

// alternatives are settings that some plugins don't want beside others.
var alternatives = map[string][]string{"nats": {"creds", "nkey", "token", "targets"}}

// required returns a stage with examples of all that it requires.
func required(p pipeline.Plugin) string {
	var settings []string
	for _, s := range catalog.Describe(p).Settings {
		if !s.Required && s.Name != oneOfTwo[p.Type] {
			continue
		}
		items, ok := s.Example.([]any)
		if !ok {
			items = []any{s.Example}
		}
		var values []string
		for _, item := range items {
			if text, ok := item.(string); ok {
				item = "'" + text + "'"
			}
			values = append(values, fmt.Sprint(item))
		}
		settings = append(settings, s.Name+"="+strings.Join(values, ","))
	}
	return p.Type + "(" + strings.Join(settings, ", ") + ")"
}

func TestInitOutput(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "edge.toml")
	done(t, run(t, "init", edgeChain, "--output", name, "--pipeline", "web"))
	if text := done(t, run(t, "config", "-c", name, "--written")); !strings.Contains(text, "  web:\n") {
		t.Errorf("got %s", text)
	}
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"pcap(interface=eth0)", "|", "log"}, "init takes one description"},
		{[]string{"--iface", "eth1", edgeChain}, "--iface is for the recommended configuration"},
		{[]string{"--host", edgeChain}, "--host is for the recommended configuration"},
		{[]string{"--iface", ""}, "--iface: the name is empty"},
		{[]string{"--iface", "on\nline"}, `--iface: "on\nline" is not the name of an interface`},
		{[]string{edgeChain, "--output", name}, "exists and was left as it is"},
		{[]string{edgeChain, "--output", filepath.Join(dir, "a.yaml"), "--format=toml"}, "does not fit --format toml"},
		{[]string{edgeChain, "--output", filepath.Join(dir, "a.conf")}, "must end in .yaml, .yml or .toml"},
		{[]string{edgeChain, "--output", filepath.Join(dir, "none", "a.yaml")}, "no such file or directory"},
		{
			[]string{"pcap(intreface=eth0) | icmp-ptb | log"},
			"chain:1:6: unknown setting `intreface` of source `pcap`; did you mean `interface`?\n" +
				"  1 | pcap(intreface=eth0) | icmp-ptb | log\n" +
				"    |      ^\n",
		},
		{[]string{"pcap(interface=eth0) | icmp-ptp | log"}, "chain:1:24: unknown filter `icmp-ptp`; did you mean `icmp-ptb`?"},
	} {
		r := run(t, append([]string{"init"}, tc.args...)...)
		if r.status != 2 || r.stdout != "" || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%q: %+v", tc.args, r)
		}
	}
	if after, err := os.ReadFile(name); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, %v", err)
	}
}

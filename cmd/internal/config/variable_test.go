package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
)

// environment sets the variables of these tests and returns a folder with files for
// ${file:...} that configurations can be written to.
func environment(t *testing.T) (dir string) {
	t.Helper()
	for name, value := range map[string]string{
		"IFACE": "eth0", "NUMBER": "42", "FLOAT": "0.5", "TRUE": "true", "YES": "yes", "OCTAL": "010",
		"WAIT": "5s", "EMPTY": "", "TYPE": "input", "NAME": "first", "DOLLAR": "${IFACE}", "LATIN1": "\xe4",
	} {
		t.Setenv(name, value)
	}
	dir = t.TempDir()
	for name, text := range map[string]string{
		"number": "7\n", "lines": "a\nb\n\n", "crlf": "8\r\n", "none": "", "latin1": "\xe4", "large": strings.Repeat("x", 1<<20+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func loadIn(t *testing.T, dir, name, text string) (*config.File, error) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return config.Load(t.Context(), []string{path}, plugins)
}

// TestVariables wants a value with variables to be what its setting wants, and to
// be known where it came from.
func TestVariables(t *testing.T) {
	dir := environment(t)
	inDir := func(name string) string { return "file " + filepath.Join(dir, name) }
	for name, tc := range map[string]struct {
		setting string // of the source `input`, with a value in quotes
		want    any
		origin  string
	}{
		"text":               {`interface: "${IFACE}"`, "eth0", "environment IFACE"},
		"part of text":       {`interface: "a.${IFACE}.b"`, "a.eth0.b", "environment IFACE"},
		"several":            {`interface: "${IFACE}.${NUMBER}"`, "eth0.42", "environment IFACE, environment NUMBER"},
		"twice":              {`interface: "${IFACE}${IFACE}"`, "eth0eth0", "environment IFACE"},
		"digits as text":     {`interface: "${NUMBER}"`, "42", "environment NUMBER"},
		"true as text":       {`interface: "${TRUE}"`, "true", "environment TRUE"},
		"number":             {`snaplen: "${NUMBER}"`, config.Number("42"), "environment NUMBER"},
		"number of parts":    {`snaplen: "1${NUMBER}"`, config.Number("142"), "environment NUMBER"},
		"bool":               {`promiscuous: "${TRUE}"`, true, "environment TRUE"},
		"duration":           {`wait: "${WAIT}"`, "5s", "environment WAIT"},
		"parsed from text":   {`direction: "${DIRECTION:-both}"`, "both", "default of DIRECTION"},
		"default unused":     {`snaplen: "${NUMBER:-9}"`, config.Number("42"), "environment NUMBER"},
		"default used":       {`snaplen: "${UNSET_:-9}"`, config.Number("9"), "default of UNSET_"},
		"default of empty":   {`snaplen: "${EMPTY:-9}"`, config.Number("9"), "default of EMPTY"},
		"empty default":      {`interface: "x${UNSET_:-}"`, "x", "default of UNSET_"},
		"empty":              {`interface: "x${EMPTY}"`, "x", "environment EMPTY"},
		"required":           {`interface: "${IFACE:?}"`, "eth0", "environment IFACE"},
		"odd default":        {`interface: "${UNSET_:-a:-b $x {}"`, "a:-b $x {", "default of UNSET_"},
		"file":               {`snaplen: "${file:number}"`, config.Number("7"), inDir("number")},
		"absolute file":      {`snaplen: "${file:` + dir + `/number}"`, config.Number("7"), inDir("number")},
		"file with CR LF":    {`snaplen: "${file:crlf}"`, config.Number("8"), inDir("crlf")},
		"file with lines":    {`interface: "${file:lines}"`, "a\nb\n", inDir("lines")},
		"empty file":         {`interface: "x${file:none}"`, "x", inDir("none")},
		"not again":          {`interface: "${DOLLAR}"`, "${IFACE}", "environment DOLLAR"},
		"dollar":             {`interface: "$$"`, "$", ""},
		"dollars":            {`interface: "$$$$x$$"`, "$$x$", ""},
		"dollar and braces":  {`interface: "$${IFACE}"`, "${IFACE}", ""},
		"dollar before it":   {`interface: "$$${IFACE}"`, "$eth0", "environment IFACE"},
		"single dollars":     {`interface: "$IFACE $ $"`, "$IFACE $ $", ""},
		"no variable inside": {`interface: "}{IFACE}"`, "}{IFACE}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			key, value, _ := strings.Cut(tc.setting, ": ")
			if key != "interface" {
				tc.setting += "\n        interface: eth0"
			}
			yaml := "pipelines:\n  p:\n    sources:\n      - type: input\n        " + tc.setting + "\n    sinks: [{type: output}]\n"
			toml := "[[pipelines.p.sinks]]\ntype = 'output'\n[[pipelines.p.sources]]\ntype = 'input'\n" + key + " = " + value + "\n"
			if key != "interface" {
				toml += "interface = 'eth0'\n"
			}
			plain := strings.Replace(yaml, value, strings.Trim(value, `"`), 1)
			texts := map[string]string{"a.yaml": yaml, "a.toml": toml, "plain.yaml": plain}
			if strings.ContainsAny(value, " }{") && !strings.HasPrefix(value, `"${`) {
				delete(texts, "plain.yaml") // YAML sees more than text there
			}
			for file, text := range texts {
				f, err := loadIn(t, dir, file, text)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				for _, s := range f.Pipelines[0].Sources[0].Settings {
					if s.Name != key {
						continue
					}
					if diff := cmp.Diff(tc.want, s.Value); diff != "" {
						t.Errorf("%s: value (-want +got):\n%s", file, diff)
					}
					if s.At.Origin != tc.origin {
						t.Errorf("%s: origin is %q, want %q", file, s.At.Origin, tc.origin)
					}
				}
				marshalAgain(t, f)
			}
		})
	}
}

// marshalAgain wants what Marshal writes of f to be read as f was.
func marshalAgain(t *testing.T, f *config.File) {
	t.Helper()
	for _, format := range []string{"yaml", "toml"} {
		text, err := write.Declared(f).Marshal(format)
		if err != nil {
			t.Fatal(err)
		}
		again := mustLoad(t, "again."+format, string(text))
		if diff := cmp.Diff(f, again, sameTree, cmp.AllowUnexported(port{})); diff != "" {
			t.Errorf("%s (-was +is):\n%s\n%s", format, diff, text)
		}
	}
}

// TestVariablesEverywhere puts variables at every kind of place.
func TestVariablesEverywhere(t *testing.T) {
	dir := environment(t)
	f, err := loadIn(t, dir, "a.yaml", `
cpu: ${NUMBER}
watch: ${TRUE}
http: {listen: "127.0.0.1:${NUMBER}"}
pipelines:
  p:
    sources:
      - type: ${TYPE}
        name: ${NAME}
        interface: ${IFACE}
    filters:
      - &a
        type: ports
        ports: ["${NUMBER}", 1, "$$", "${file:number}"]
        levels: ["${NUMBER}", 2]
        labels: ${NUMBER}
      - <<: *a
        name: same
    sinks:
      - type: output
        filters: [{type: rate-limit, rate: "${FLOAT}"}]
`)
	if err != nil {
		t.Fatal(err)
	}
	if f.Global.CPU == nil || *f.Global.CPU != 42 || f.Global.HTTP.Listen != "127.0.0.1:42" || !f.Global.Watch {
		t.Errorf("top level is %+v", f.Global)
	}
	if at := f.At("http", "listen"); at.Origin != "environment NUMBER" {
		t.Errorf("listen is from %q", at.Origin)
	}
	spec := f.Specs()[0]
	if spec.Name != "p" || spec.Sources[0].Name != "first" || spec.Sources[0].Plugin.Type != "input" {
		t.Errorf("spec is %+v", spec)
	}
	want := &portsSettings{
		Ports:  []port{{"42"}, {"1"}, {"$"}, {"7"}},
		Levels: []int{42, 2},
		Labels: []string{"42"},
	}
	for _, filter := range spec.Filters {
		if diff := cmp.Diff(want, filter.Settings, cmp.AllowUnexported(port{})); diff != "" {
			t.Errorf("filter %s (-want +got):\n%s", filter.Name, diff)
		}
	}
	if diff := cmp.Diff(&limitSettings{Rate: 0.5}, spec.Sinks[0].Filters[0].Settings); diff != "" {
		t.Errorf("filter of the sink (-want +got):\n%s", diff)
	}
	items := f.Pipelines[0].Filters[0].Settings[0].Value.(config.List)
	if items[0].At.Origin != "environment NUMBER" || items[1].At.Origin != "" || !strings.HasPrefix(items[3].At.Origin, "file ") {
		t.Errorf("ports stand at %+v", items)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "number")}, f.Included); diff != "" {
		t.Errorf("included files (-want +got):\n%s", diff)
	}
	marshalAgain(t, f)
}

// TestVariableMistakes wants each mistake at its dollar sign.
func TestVariableMistakes(t *testing.T) {
	dir := environment(t)
	for name, tc := range map[string]struct {
		settings string // of the source `input` in YAML's braces, from column 41 on
		want     []string
	}{
		"unset":            {"interface: '${UNSET_}'", []string{"53: environment variable `UNSET_` is not set; set it, or give it a default: `${UNSET_:-DEFAULT}`"}},
		"unset, later":     {"interface: 'a$$b $ ${UNSET_}'", []string{"60: environment variable `UNSET_` is not set; set it, or give it a default: `${UNSET_:-DEFAULT}`"}},
		"two":              {"interface: '${A_}${IFACE}${B_}'", []string{"53: environment variable `A_` is not set; set it, or give it a default: `${A_:-DEFAULT}`", "66: environment variable `B_` is not set; set it, or give it a default: `${B_:-DEFAULT}`"}},
		"no end":           {"interface: '${IFACE'", []string{"53: `${` is not closed; add `}`, or write `$${` for a literal `${`"}},
		"no name":          {"interface: \"${}\"", []string{"53: \"\" is not the name of an environment variable; write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`"}},
		"shell's operator": {"interface: '${IFACE-x}'", []string{"53: \"IFACE-x\" is not the name of an environment variable; write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`"}},
		"unknown operator": {"interface: '${IFACE:+x}'", []string{"53: \"IFACE:+x\" is not the name of an environment variable; write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`"}},
		"required":         {"interface: '${UNSET_:?say which, as in a:-b}'", []string{"53: environment variable `UNSET_` is not set; say which, as in a:-b"}},
		"required, empty":  {"interface: '${EMPTY:?say which}'", []string{"53: environment variable `EMPTY` is not set; say which"}},
		"in each other":    {"interface: '${A_:-${IFACE}}'", []string{"53: variables cannot be nested"}},
		"no file":          {"interface: '${file:}'", []string{"53: `${file:}` names no file; write `${file:PATH}`"}},
		"missing file":     {"interface: '${file:nowhere}'", []string{"53: read DIR/nowhere: no such file or directory; paths are relative to the folder of the configuration file"}},
		"folder":           {"interface: '${file:.}'", []string{"53: read DIR: is not a regular file"}},
		"device":           {"interface: '${file:/dev/zero}'", []string{"53: read /dev/zero: is not a regular file"}},
		"large file":       {"interface: '${file:large}'", []string{"53: read DIR/large: is larger than 1 MiB"}},
		"file not UTF-8":   {"interface: '${file:latin1}'", []string{"53: read DIR/latin1: is not UTF-8"}},
		"not UTF-8":        {"interface: '${LATIN1}'", []string{"53: environment variable `LATIN1` is not UTF-8"}},
		"wrong type":       {"interface: x, snaplen: '${IFACE}'", []string{"64: `snaplen` must be a whole number, not text (from environment IFACE)"}},
		"octal":            {"interface: x, snaplen: '${OCTAL}'", []string{"64: `snaplen` must be a whole number, not text (from environment OCTAL)"}},
		"fraction":         {"interface: x, snaplen: '${FLOAT}'", []string{"64: `snaplen` must be a whole number, not 0.5 (from environment FLOAT)"}},
		"yes":              {"interface: x, promiscuous: '${YES}'", []string{"68: `promiscuous` must be true or false, not text (from environment YES); write true"}},
		"refused":          {"interface: x, direction: '${IFACE}'", []string{"66: `direction`: \"eth0\" is not in, out or both (from environment IFACE)"}},
		"of a list":        {"interface: ['${IFACE}']", []string{"52: `interface` must be text, not a list; write a single value"}},
		"refused by build": {"interface: x, snaplen: '${ZERO_:-0}'", []string{"64: `snaplen` must not be 0 (from default of ZERO_)"}},
		"type":             {"interface: x}, {type: '${IFACE}'", []string{"63: unknown source `eth0` (from environment IFACE); valid here: `file`, `input`"}},
		"name":             {"interface: x, name: '${EMPTY}'", []string{"61: name \"\" (from environment EMPTY) is empty or contains control characters"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadIn(t, dir, "a.yaml", "pipelines: {p: {sources: [{type: input, "+tc.settings+"}], sinks: [{type: output}]}}\n")
			var mistakes config.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("error is %v", err)
			}
			var got []string
			for _, m := range mistakes {
				first, _, _ := strings.Cut(m.Error(), "\n")
				got = append(got, strings.ReplaceAll(strings.TrimPrefix(first, m.File+":1:"), dir, "DIR"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestVariableAtLines wants the place of a variable in values that go over lines.
func TestVariableAtLines(t *testing.T) {
	for name, tc := range map[string]struct {
		file, text   string
		line, column int
	}{
		"literal":      {"a.yaml", "a: |\n  x\n  ${UNSET_}\n", 1, 4},
		"lines":        {"a.yaml", "a: \"x\n  ${UNSET_}\"\n", 1, 4},
		"plain":        {"a.yaml", "a: x ${UNSET_}\n", 1, 6},
		"wide":         {"a.yaml", "'äöü': 'äöü ${UNSET_}'\n", 1, 13},
		"escape":       {"a.yaml", "a: \"\\t${UNSET_}\"\n", 1, 7},
		"TOML":         {"a.toml", "a = 'x${UNSET_}'\n", 1, 7},
		"TOML escapes": {"a.toml", "a = \"\\\"$$x${UNSET_}\"\n", 1, 11},
		"TOML list":    {"a.toml", "a = [\n  1, \"$$\", \"${UNSET_}\",\n]\n", 2, 13},
		"TOML inline":  {"a.toml", "a = {b = 1, c = \"${UNSET_}\"}\n", 1, 18},
		"TOML lines":   {"a.toml", "a = '''\n${UNSET_}'''\n", 1, 5},
		"JSON":         {"a.json", `{"a": "${UNSET_}"}`, 1, 8},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tc.file, tc.text)
			var mistakes config.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("error is %v", err)
			}
			for _, m := range mistakes {
				if strings.Contains(m.Message, "UNSET_") {
					if m.Line != tc.line || m.Column != tc.column {
						t.Errorf("stands at %d:%d, want %d:%d", m.Line, m.Column, tc.line, tc.column)
					}
					return
				}
			}
			t.Errorf("mistake is missing: %v", err)
		})
	}
}

// TestVariableBomb loads a file whose values would be much larger than it is.
func TestVariableBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte(strings.Repeat("x", 60_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := loadIn(t, dir, "a.toml", "a = \""+strings.Repeat("${file:x}", 1000)+"\"\n")
	if err == nil || !strings.Contains(err.Error(), "values with variables are longer than") {
		t.Errorf("error is %.200v", err)
	}
	_, err = loadIn(t, dir, "b.toml", "a = \""+strings.Repeat("${UNSET_}", 100_000)+"\"\n")
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 101 || mistakes[100].Error() != "99901 more mistakes are not shown" {
		t.Errorf("%d mistakes", len(mistakes))
	}
}

// TestVariableLists has lists in variables and in files.
func TestVariableLists(t *testing.T) {
	for name, tc := range map[string]struct {
		ports, peers string // settings
		want         string // as they are written again, or a mistake
	}{
		"variables":             {`"${PORTS}"`, `"${PEERS}"`, `[80, 443, "8000-8080"] ["192.0.2.11", "2001:db8::11", web.example.net]`},
		"among others":          {`[22, "${PORTS}", 8443]`, `["192.0.2.12", "${PEERS}"]`, `[22, 80, 443, "8000-8080", 8443] ["192.0.2.12", "192.0.2.11", "2001:db8::11", web.example.net]`},
		"one":                   {`"${PORT}"`, `"${PEER}"`, `[80] ["192.0.2.11"]`},
		"files":                 {`"${file:ports}"`, `"${file:peers}"`, `[80, 443, "8000-8080"] ["192.0.2.11", web.example.net, "2001:db8::11"]`},
		"put together":          {`"${PORT},${PORTS}"`, `"${PEER}"`, `[80, 80, 443, "8000-8080"] ["192.0.2.11"]`},
		"default":               {`"${UNSET_:-80,443}"`, `"${PEER}"`, `[80, 443] ["192.0.2.11"]`},
		"written":               {`"80,443"`, `"${PEER}"`, "`ports`: \"80,443\" is not a port"},
		"nothing between":       {`"${TWO_COMMAS}"`, `"${PEER}"`, "`ports`: \"\" is not a port"},
		"nothing":               {`"${NOTHING}"`, `"${PEER}"`, "`ports` is empty (from environment NOTHING)"},
		"only comments":         {`"${file:comments}"`, `"${PEER}"`, "`ports` is empty (from file DIR/comments)"},
		"mistake in a file":     {`"${file:wrong}"`, `"${PEER}"`, "`ports`: \"https\" is not a port; write a number from 0 to 65535, a range such as 8000-8080, or a protocol such as tcp (from file DIR/wrong, line 3)"},
		"mistake in a variable": {`"${PORTS},x"`, `"${PEER}"`, "`ports`: \"x\" is not a port; write a number from 0 to 65535, a range such as 8000-8080, or a protocol such as tcp (from environment PORTS)"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{
				"ports":    "80\n443 # TLS\n\n# more\n8000-8080\n",
				"peers":    "# of both sites\r\n192.0.2.11, web.example.net\r\n2001:db8::11 # far\r\n",
				"comments": "# 80\n\n",
				"wrong":    "80\n# x\nhttps\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for name, value := range map[string]string{
				"PORTS": "80, 443,8000-8080", "PORT": "80", "TWO_COMMAS": "80,,443", "NOTHING": "",
				"PEERS": "192.0.2.11,2001:db8::11,web.example.net", "PEER": "192.0.2.11",
			} {
				t.Setenv(name, value)
			}
			path := filepath.Join(dir, "a.yaml")
			text := "pipelines: {p: {sources: [{type: nflog, group: 1}], filters: [{type: port-list, ports: " + tc.ports +
				"}, {type: iface-rate}], sinks: [{type: peers, addresses: " + tc.peers + "}]}}\n"
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := config.Load(t.Context(), []string{path}, cmd.Plugins())
			if err != nil {
				if got := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.Contains(got, tc.want) {
					t.Errorf("mistakes are %s, want %s", got, tc.want)
				}
				return
			}
			yaml, err := write.Declared(f).Marshal("yaml")
			if err != nil {
				t.Fatal(err)
			}
			got := regexp.MustCompile(`(?:ports|addresses): (\[.*\])`).FindAllStringSubmatch(string(yaml), -1)
			if len(got) != 2 || got[0][1]+" "+got[1][1] != tc.want {
				t.Errorf("lists are %v, want %s\n%s", got, tc.want, yaml)
			}
		})
	}
}

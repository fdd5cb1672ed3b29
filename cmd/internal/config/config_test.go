package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// sameTree compares files but for the places where things stand in them.
var sameTree = cmp.Options{
	cmpopts.IgnoreTypes(config.Position{}),
	cmpopts.IgnoreFields(config.Setting{}, "Untyped", "Repeated"),
	cmpopts.IgnoreUnexported(config.File{}, config.Pipeline{}, config.Stage{}),
	cmpopts.IgnoreFields(config.File{}, "Names", "Included"),
	cmpopts.IgnoreFields(config.Stage{}, "Resolved"),
	cmpopts.EquateEmpty(),
}

// load writes text to a file of the given name and loads it.
func load(t testing.TB, name, text string) (*config.File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return config.Load(t.Context(), []string{path}, plugins)
}

func mustLoad(t testing.TB, name, text string) *config.File {
	t.Helper()
	f, err := load(t, name, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return f
}

func TestFormatsAgree(t *testing.T) {
	yaml, err := config.Load(t.Context(), []string{"testdata/good.yaml"}, plugins)
	if err != nil {
		t.Fatal(err)
	}
	toml, err := config.Load(t.Context(), []string{"testdata/good.toml"}, plugins)
	if err != nil {
		t.Fatal(err)
	}
	yaml.Pipelines[0].Filters[0].Settings[1].Value = config.Number("0.5") // TOML has no .5
	if diff := cmp.Diff(yaml, toml, sameTree); diff != "" {
		t.Errorf("trees differ (-yaml +toml):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"good.yaml", "good.toml", "good.json", "anchors.yaml"} {
		for _, format := range []string{"yaml", "toml"} {
			t.Run(name+" to "+format, func(t *testing.T) {
				f, err := config.Load(t.Context(), []string{"testdata/" + name}, plugins)
				if err != nil {
					t.Fatal(err)
				}
				text, err := write.Declared(f).Marshal(format)
				if err != nil {
					t.Fatal(err)
				}
				again := mustLoad(t, "again."+format, string(text))
				if diff := cmp.Diff(settingsOf(f), settingsOf(again), cmp.AllowUnexported(port{})); diff != "" {
					t.Errorf("settings differ (-was +is):\n%s", diff)
				}
				if format == "yaml" {
					if diff := cmp.Diff(f, again, sameTree); diff != "" {
						t.Errorf("tree differs (-was +is):\n%s", diff)
					}
				}
				twice, err := write.Declared(again).Marshal(format)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(text), string(twice)); diff != "" {
					t.Errorf("text differs (-first +second):\n%s", diff)
				}
			})
		}
	}
}

// settingsOf returns all decoded settings in order. Numbers that are parsed from
// text may be written otherwise in another format, so ports are left out.
func settingsOf(f *config.File) []any {
	var all []any
	for _, spec := range f.Specs() {
		stages := slices.Concat(spec.Sources, spec.Filters)
		for _, s := range spec.Sinks {
			stages = append(append(stages, s.Stage), s.Filters...)
		}
		for _, s := range stages {
			if p, ok := s.Settings.(*portsSettings); ok {
				p.Ports = nil
			}
			all = append(all, spec.Name, s.Name, s.Settings)
		}
	}
	return all
}

func TestDecodedSettings(t *testing.T) {
	f, err := config.Load(t.Context(), []string{"testdata/good.yaml"}, plugins)
	if err != nil {
		t.Fatal(err)
	}
	spec := f.Specs()[0]
	var got []any
	for _, s := range slices.Concat(spec.Sources, spec.Filters, spec.Sinks[1].Filters) {
		got = append(got, s.Settings)
	}
	want := []any{
		&inputSettings{"eth0.100", "both", true, 1500, 0xffff, -128, 90 * time.Second},
		&inputSettings{"10", "in", false, 2048, 0, 0, time.Second},
		&limitSettings{1, 0.5, 18446744073709551615},
		&portsSettings{
			Ports:  []port{{"80"}, {"443"}, {"8000-8080"}, {"1e3"}, {"0x50"}},
			Labels: []string{"single"},
			Levels: []int{7},
		},
		&limitSettings{0.1, 0, 0},
		&struct{}{},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(port{})); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// TestDefaultsStay looks for settings that leak from one stage into the defaults
// of the next.
func TestDefaultsStay(t *testing.T) {
	f := mustLoad(t, "a.yaml", `
pipelines:
  p:
    sources: [{type: file}]
    filters:
      - {type: ports, ports: 1, levels: [9]}
      - {type: ports, name: other, ports: 1}
    sinks: [{type: output}]
`)
	filters := f.Specs()[0].Filters
	if got := filters[0].Settings.(*portsSettings).Levels; !slices.Equal(got, []int{9}) {
		t.Errorf("levels are %v, want what the file says", got)
	}
	if got := filters[1].Settings.(*portsSettings).Levels; !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("levels are %v, want the defaults", got)
	}
}

func TestOrderOfPipelines(t *testing.T) {
	const rest = ": {sources: [{type: file}], sinks: [{type: output}]}\n"
	names := []string{"z", "a", "m", "10", "9", "b.c", "B"}
	text := "pipelines:\n"
	for _, name := range names {
		text += "  " + name + rest
	}
	var got []string
	for _, p := range mustLoad(t, "a.yaml", text).Pipelines {
		got = append(got, p.Name)
	}
	if !slices.Equal(got, names) {
		t.Errorf("order is %v, want %v", got, names)
	}
}

// TestMistakesOfAllFiles loads all files of the tests at once.
func TestMistakesOfAllFiles(t *testing.T) {
	t.Chdir("testdata")
	_, err := config.Load(t.Context(), []string{"unknown.yaml", "nowhere.yaml", "syntax-tab.yaml", "types.toml"}, plugins)
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("error is %T", err)
	}
	files := map[string]int{}
	for _, m := range mistakes {
		files[m.File]++
	}
	// types.toml gains one: unknown.yaml has a pipeline of the same name.
	want := map[string]int{"unknown.yaml": 13, "nowhere.yaml": 1, "syntax-tab.yaml": 1, "types.toml": 33}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("mistakes by file (-want +got):\n%s", diff)
	}
	if !strings.Contains(err.Error(), "nowhere.yaml: read file: no such file or directory") {
		t.Errorf("missing file is not named:\n%v", err)
	}
}

func TestResolveInCode(t *testing.T) {
	at := func(option string) config.Position { return config.Position{File: option} }
	f := &config.File{Pipelines: []config.Pipeline{{
		Name:    "p",
		Sources: []config.Stage{{Type: "input", Settings: config.Table{{Name: "interface", Value: "eth0"}}}},
		Filters: []config.Stage{
			{Type: "rate-limit", Settings: config.Table{{Name: "rate", Value: config.Number("-1"), At: at("--rate")}}},
			{Type: "ports", Settings: config.Table{{Name: "ports", Value: config.List{{Value: "bad", At: at("--ports")}}, At: at("--ports")}}},
			{Type: "none"},
		},
		Sinks: []config.Stage{{Type: "output"}},
	}}}
	err := f.Resolve(plugins)
	if err == nil {
		t.Fatal("no mistakes")
	}
	want := "unknown filter `none`; valid here: `all`, `ports`, `rate-limit`\n" +
		"--ports: \"bad\" is not a port\n" +
		"--rate: -1 is not positive"
	got := strings.Split(err.Error(), "\n")
	slices.Sort(got)
	wanted := strings.Split(want, "\n")
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

func TestLocate(t *testing.T) {
	t.Chdir("testdata")
	f, err := config.Load(t.Context(), []string{"good.yaml"}, plugins)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	tests := []struct {
		name string
		err  error
		want string // file:line:column: message
	}{
		{"source", &pipeline.StageError{StageID: pipeline.StageID{Kind: pipeline.KindSource, Sink: -1, Index: 1}, Err: failed}, "good.yaml:14:16: failed"},
		{
			"setting of a filter",
			&pipeline.StageError{StageID: pipeline.StageID{Kind: pipeline.KindFilter, Sink: -1}, Err: setting.Errorf("total", "too many")},
			"good.yaml:19:16: `total`: too many",
		},
		{"sink", &pipeline.StageError{StageID: pipeline.StageID{Kind: pipeline.KindSink, Sink: -1, Index: 1}, Err: failed}, "good.yaml:26:15: failed"},
		{
			"setting of a sink's filter",
			&pipeline.StageError{StageID: pipeline.StageID{Kind: pipeline.KindFilter, Sink: 1}, Err: setting.Errorf("rate", "too many")},
			"good.yaml:30:19: `rate`: too many",
		},
		{"pipeline", failed, "good.yaml:4:3: failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := f.Locate("second-by-name", errors.Join(tt.err))
			if got, _, _ := strings.Cut(err.Error(), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if got := f.Locate("unknown", failed).Error(); got != "pipeline unknown: failed" {
		t.Errorf("unknown pipeline: %v", got)
	}
}

// TestDeep loads files that would take a careless parser unbounded memory.
func TestDeep(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	bomb := "a0: &a0 [x, x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	tests := map[string]struct{ name, text string }{
		"brackets":      {"a.yaml", strings.Repeat("[", 500_000)},
		"braces":        {"a.yaml", strings.Repeat("{a: ", 200_000)},
		"dashes":        {"a.yaml", strings.Repeat("- ", 300_000)},
		"question":      {"a.yaml", strings.Repeat("? ", 300_000)},
		"aliases":       {"a.yaml", bomb},
		"alias to self": {"a.yaml", "pipelines: &a\n  p: *a\n"},
		"merge self":    {"a.yaml", "pipelines: &a\n  <<: *a\n"},
		"too large":     {"a.yaml", strings.Repeat("#", 2<<20)},
		"toml arrays":   {"a.toml", "a = " + strings.Repeat("[", 500_000)},
		"toml full":     {"a.toml", "a = " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000)},
		"toml tables":   {"a.toml", "a = " + strings.Repeat("{a = ", 5_000) + "1" + strings.Repeat("}", 5_000)},
		"toml keys":     {"a.toml", strings.Repeat("a.", 200_000) + "a = 1"},
		"toml headers":  {"a.toml", "[" + strings.Repeat("a.", 200_000) + "a]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := load(t, tt.name, tt.text); err == nil {
				t.Error("no mistake was found")
			}
		})
	}
}

// TestPositions wants the column of a misspelt setting behind everything that
// moves columns in a line.
func TestPositions(t *testing.T) {
	tests := map[string]string{
		"plain":             "pipelines: {p: {sources: [{type: file, bad: 1}]}}",
		"space before":      "pipelines: {p: {sources: [{type:   file  ,   bad  :   1   }   ]   }   }   ",
		"quotes":            `pipelines: {p: {sources: [{type: "file", "bad": 1}]}}`,
		"escapes":           `pipelines: {"\u00e4\"": {sources: [{'type': file, bad: 1}]}}`,
		"wide characters":   `pipelines: {äöü€😀: {sources: [{type: file, bad: 1}]}}`,
		"single quotes":     `pipelines: {'it''s': {sources: [{type: file, 'bad': 1}]}}`,
		"anchor":            `pipelines: {p: {sources: [&x {type: &y file, bad: 1}]}}`,
		"key of a question": "pipelines: {p: {sources: [{type: file, ? bad : 1}]}}",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, "a.yaml", text)
			var mistakes config.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("error is %v", err)
			}
			at := slices.IndexFunc(mistakes, func(m config.Mistake) bool { return strings.Contains(m.Message, "`bad`") })
			if at < 0 {
				t.Fatalf("mistake is missing:\n%v", err)
			}
			column := mistakes[at].Column
			if got := strings.TrimLeft(string([]rune(text)[column-1:]), `"'`); !strings.HasPrefix(got, "bad") {
				t.Errorf("column %d is at %q", column, got)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.[yt]*ml")
	if err != nil {
		f.Fatal(err)
	}
	broken, err := filepath.Glob("testdata/broken/*[nl]")
	if err != nil {
		f.Fatal(err)
	}
	f.Setenv("FUZZ", "eth0")
	f.Add(false, []byte("cpu: ${FUZZ:-1}\nuser: a$$${FUZZ}\nlog: {level: \"${LEVEL:-debug}\"}\n"+somePipeline))
	f.Add(true, []byte("user = \"${file:fuzz.toml}${\"\n[http]\nlisten = \"${A:-:80}\"\n"))
	for _, name := range append(seeds, broken...) {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.HasSuffix(name, ".toml"), text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, toml bool, text []byte) {
		path := filepath.Join(dir, "fuzz.yaml")
		if toml {
			path = filepath.Join(dir, "fuzz.toml")
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := config.Load(t.Context(), []string{path}, plugins)
		if err != nil {
			return // it did not panic
		}
		for _, format := range []string{"yaml", "toml", "json"} {
			out, err := write.Declared(file).Marshal(format)
			if err != nil {
				t.Fatal(err)
			}
			again := mustLoad(t, "again."+format, string(out))
			if diff := cmp.Diff(settingsOf(file), settingsOf(again), cmp.AllowUnexported(port{}), cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("settings differ in %s (-was +is):\n%s\n%s", format, diff, out)
			}
		}
	})
}

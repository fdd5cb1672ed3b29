package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCheckFormats wants the mistakes that people are shown in the other formats.
func TestCheckFormats(t *testing.T) {
	t.Chdir("../configs")
	const bad = "../cmd/testdata/bad.yaml"
	text := run(t, "check", "-c", "edge.yaml", "-c", bad)
	if text.status != 2 || text.stdout != "edge.yaml: ok\n" || !strings.HasPrefix(text.stderr, bad+":4:9: unknown setting `intreface`") {
		t.Errorf("as text: %+v", text)
	}

	asJSON := run(t, "check", "-c", "edge.yaml", "-c", bad, "--format=json")
	var report struct {
		Files    []string
		Mistakes []struct {
			File, Message, Hint string
			Line, Column        int
		}
	}
	if err := json.Unmarshal([]byte(asJSON.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if asJSON.status != 2 || asJSON.stderr != "" || len(report.Files) != 2 || len(report.Mistakes) != 2 {
		t.Errorf("as JSON: %+v", asJSON)
	}
	if m := report.Mistakes[0]; m.File != bad || m.Line != 4 || m.Column != 9 || m.Hint != "did you mean `interface`?" {
		t.Errorf("mistake is %+v", m)
	}

	sarif := run(t, "check", "-c", bad, "--format", "sarif")
	if sarif.status != 2 || sarif.stderr != "" || !strings.Contains(sarif.stdout, `"startLine": 4`) {
		t.Errorf("as SARIF: %+v", sarif)
	}
	for _, format := range []string{"json", "sarif"} {
		if got := done(t, run(t, "check", "-c", "edge.yaml", "--format="+format)); !json.Valid([]byte(got)) {
			t.Errorf("%s without mistakes is\n%s", format, got)
		}
	}
	if got := run(t, "check", "-c", "edge.yaml", "--format=xml"); got.status != 2 || !strings.Contains(got.stderr, "must be text, json or sarif") {
		t.Errorf("unknown format: %+v", got)
	}
}

// TestCheckWarnings wants what may not be meant beside the word that all is well.
func TestCheckWarnings(t *testing.T) {
	path := writeConfig(t, "pipelines: {p: {sources: [{type: pcap, interface: eth0}], sinks: [{type: broadcast, interface: eth0, any_packet: true}]}}\n")
	const warning = "`any_packet` sends every frame"
	text := run(t, "check", "-c", path)
	if text.status != 0 || text.stdout != path+": ok\n" || !strings.HasPrefix(text.stderr, path+":1:114: warning: "+warning) {
		t.Errorf("as text: %+v", text)
	}
	var report struct {
		Mistakes []struct{ Severity, Message string }
	}
	if err := json.Unmarshal([]byte(done(t, run(t, "check", "-c", path, "--format=json"))), &report); err != nil {
		t.Fatal(err)
	}
	if m := report.Mistakes; len(m) != 1 || m[0].Severity != "warning" || !strings.HasPrefix(m[0].Message, warning) {
		t.Errorf("as JSON: %+v", m)
	}
	if sarif := done(t, run(t, "check", "-c", path, "--format=sarif")); !strings.Contains(sarif, `"level": "warning"`) {
		t.Errorf("as SARIF:\n%s", sarif)
	}
}

// TestCheckOrder wants what the program finds in its place among what the files say.
func TestCheckOrder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.yaml")
	text := "watch: 1\ncpu: 60000\nsandbox: maybe\npipelines: {c: {sources: [{type: pcap-file, path: x}], sinks: [{type: log}]}}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(run(t, "check", "-c", name).stderr) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			lines = append(lines, rest[:1])
		}
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, lines); diff != "" {
		t.Errorf("lines of mistakes (-want +got):\n%s", diff)
	}
}

// TestCheckCases has configurations that went wrong once.
func TestCheckCases(t *testing.T) {
	t.Chdir("../testdata/cases")
	t.Setenv("PORTS", "80,443")
	t.Setenv("PEERS", "192.0.2.11,2001:db8::11")
	t.Setenv("SITE", "edge")
	for path, want := range map[string]struct {
		status         int
		stdout, stderr string // the first line
	}{
		"list-from-variable":       {0, "list-from-variable/edge.yaml: ok", ""},
		"variable-in-name":         {2, "", `variable-in-name/edge.yaml:2:3: a name can't contain a variable: "${SITE}"; write the name itself`},
		"commented-file-in-folder": {0, "commented-file-in-folder/10-edge.yaml: ok\ncommented-file-in-folder/20-spare.yaml: declares nothing", ""},
	} {
		t.Run(path, func(t *testing.T) {
			got := run(t, "check", "-c", path)
			stderr, _, _ := strings.Cut(got.stderr, "\n")
			if got.status != want.status || strings.TrimSuffix(got.stdout, "\n") != want.stdout || stderr != want.stderr {
				t.Errorf("%+v", got)
			}
		})
	}
}

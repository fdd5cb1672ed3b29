package cmd_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/pmtud/pmtud/cmd"
)

// alert is what is looked at of one of Prometheus's rules.
type alert struct {
	Alert       string
	Labels      map[string]string
	Annotations map[string]string
}

func alerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alert } }
	readYAML(t, "../configs/prometheus/alerts.yaml", &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func readYAML(t *testing.T, name string, v any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readFile(t, name)), v); err != nil {
		t.Fatal(name, ": ", err)
	}
}

// TestRunbook wants each alert to have a section that its runbook_url leads to, and that says what
// it means, what to look at and what to do.
func TestRunbook(t *testing.T) {
	const page = "https://github.com/pmtud/pmtud/blob/main/configs/prometheus/README.md#"
	sections := runbook(t)
	for _, a := range alerts(t) {
		if got, want := a.Annotations["runbook_url"], page+strings.ToLower(a.Alert); got != want {
			t.Errorf("%s has the runbook_url %q, want %q", a.Alert, got, want)
		}
		for _, name := range []string{"summary", "description"} {
			if a.Annotations[name] == "" {
				t.Errorf("%s has no %s", a.Alert, name)
			}
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, a.Labels["severity"]) {
			t.Errorf("%s has the severity %q", a.Alert, a.Labels["severity"])
		}
		text := sections[a.Alert]
		for _, part := range []string{"**Means** ", "**Look** ", "**Do** ", "pmtud "} {
			if !strings.Contains(text, part) {
				t.Errorf("the section of %s has no %q", a.Alert, part)
			}
		}
		delete(sections, a.Alert)
	}
	for name := range sections {
		t.Errorf("there is no alert %s", name)
	}
}

// runbook returns the sections of the page about alerts.
func runbook(t *testing.T) map[string]string {
	t.Helper()
	sections := map[string]string{}
	for _, section := range strings.Split(readFile(t, "../configs/prometheus/README.md"), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name] = text
	}
	return sections
}

// written matches what stands between backquotes, and lines that are code.
var written = regexp.MustCompile("`[^`]+`|(?m)^    .*$")

// TestRunbookCommands wants every command of pmtud on that page to exist, with its options.
func TestRunbookCommands(t *testing.T) {
	commands := 0
	for _, code := range written.FindAllString(readFile(t, "../configs/prometheus/README.md"), -1) {
		code, _, _ = strings.Cut(strings.Trim(code, "` "), " #")
		words := strings.Fields(code)
		if len(words) < 2 || words[0] != "pmtud" {
			continue
		}
		commands++
		c, rest, err := cmd.RootCommand().Find(words[1:])
		if err != nil || !c.HasParent() {
			t.Errorf("there is no command %q: %v", code, err)
			continue
		}
		if err := c.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		if err := c.ValidateArgs(c.Flags().Args()); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	if commands < 20 {
		t.Errorf("the page has %d commands", commands)
	}
}

// TestAlertsFire wants a test of each alert in which it fires, and one in which it does not.
// promtool runs them.
func TestAlertsFire(t *testing.T) {
	var file struct {
		Tests []struct {
			Cases []struct {
				Name   string `yaml:"alertname"`
				Expect []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, filepath.Join("..", "configs", "prometheus", "alerts_test.yaml"), &file)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			fires[c.Name] = fires[c.Name] || len(c.Expect) > 0
			silent[c.Name] = silent[c.Name] || len(c.Expect) == 0
		}
	}
	for _, a := range alerts(t) {
		if !fires[a.Alert] {
			t.Errorf("%s is not tested to fire", a.Alert)
		}
		if !silent[a.Alert] {
			t.Errorf("%s is not tested to be silent", a.Alert)
		}
	}
}

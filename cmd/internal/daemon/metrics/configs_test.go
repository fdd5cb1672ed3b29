package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
	"github.com/pmtud/pmtud/pipeline"
)

const (
	alertsFile    = "../../../../configs/prometheus/alerts.yaml"
	dashboardFile = "../../../../configs/grafana/pmtud.json"
)

// metricName matches names of metrics in an expression.
var metricName = regexp.MustCompile(`\b((pmtud|process|go)_[a-z0-9_]+|ALERTS)`)

// checkNames looks for metrics that are not there.
func checkNames(t *testing.T, where, expression string) {
	t.Helper()
	names := []string{"process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds", "ALERTS"}
	for _, info := range metrics.List(cmd.Plugins()) {
		names = append(names, info.Name)
		if info.Type == "histogram" {
			names = append(names, info.Name+"_bucket", info.Name+"_count", info.Name+"_sum")
		}
	}
	found := metricName.FindAllString(expression, -1)
	if len(found) == 0 {
		t.Errorf("%s: no metric in %s", where, expression)
	}
	for _, name := range found {
		if !slices.Contains(names, name) {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

// rule is one of Prometheus's alerts or recorded expressions.
type rule struct {
	Alert  string `yaml:"alert,omitempty"`
	Record string `yaml:"record,omitempty"`
	Expr   string `yaml:"expr"`
}

type rules struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name  string `yaml:"name"`
	Rules []rule `yaml:"rules"`
}

func alerts(t *testing.T) []rule {
	t.Helper()
	text, err := os.ReadFile(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all rules
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all.Groups[0].Rules
}

func TestAlerts(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, a := range alerts(t) {
		checkNames(t, a.Alert, a.Expr)
	}
	promtool(t, filepath.Dir(alertsFile), "check", "rules", filepath.Base(alertsFile))
	promtool(t, filepath.Dir(alertsFile), "test", "rules", "alerts_test.yaml")
}

// TestAlertsKnowUnfitPackets wants the alert about failing sinks to leave out those
// reasons that say nothing about a sink, and no others.
func TestAlertsKnowUnfitPackets(t *testing.T) {
	want := []string{"injected", "relayed"} // the engine's
	for _, p := range cmd.Plugins() {
		for _, r := range p.Reasons {
			if p.Kind == pipeline.KindSink && r.PacketFault && !slices.Contains(want, r.Name) {
				want = append(want, r.Name)
			}
		}
	}
	var got []string
	for _, a := range alerts(t) {
		if _, list, ok := strings.Cut(a.Expr, `reason!~"`); ok && a.Alert == "PmtudSinkFails" {
			list, _, _ = strings.Cut(list, `"`)
			got = append(got, strings.Split(list, "|")...)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-plugins +alert):\n%s", diff)
	}
}

// dashboard is what is looked at of Grafana's model of one.
type dashboard struct {
	Templating  struct{ List []variable }
	Annotations struct{ List []target }
	Panels      []panel
}

type variable struct{ Name, Definition string }

type panel struct {
	ID          int
	Type, Title string
	Description string
	GridPos     struct{ H, W, X, Y int }
	Targets     []target
	Datasource  struct{ UID string }
}

type target struct{ Name, Expr, RefID string }

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	var recorded []rule
	shown := map[string]bool{}
	note := func(where, expression string) {
		for _, name := range metricName.FindAllString(expression, -1) {
			shown[histogramOf(name)] = true
		}
		checkNames(t, where, expression)
		recorded = append(recorded, rule{Record: fmt.Sprint("panel:", len(recorded)), Expr: plain.Replace(expression)})
	}
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel %s: another one has its id", p.Title)
		}
		ids[p.ID] = true
		place(t, taken, p)
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("panel %s has no description, no targets or a data source of its own", p.Title)
		}
		for _, q := range p.Targets {
			note("panel "+p.Title, q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		note("annotation "+a.Name, a.Expr)
	}
	for _, v := range d.Templating.List {
		if v.Definition != "" {
			checkNames(t, "variable "+v.Name, v.Definition)
		}
	}
	checkExpressions(t, recorded)
	for _, a := range alerts(t) {
		for _, name := range metricName.FindAllString(a.Expr, -1) {
			if !shown[histogramOf(name)] {
				t.Errorf("the dashboard does not show %s, which %s is about", name, a.Alert)
			}
		}
	}
}

// histogramOf returns the name of a histogram without the ending of one of its series.
func histogramOf(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_bucket")
}

// place finds panels that lie on each other or outside of the dashboard.
func place(t *testing.T, taken map[[2]int]string, p panel) {
	t.Helper()
	if p.GridPos.X+p.GridPos.W > 24 || p.GridPos.W*p.GridPos.H == 0 {
		t.Errorf("panel %s has no place on the dashboard", p.Title)
	}
	for x := range p.GridPos.W {
		for y := range p.GridPos.H {
			at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
			if other, ok := taken[at]; ok {
				t.Errorf("panel %s lies on %s", p.Title, other)
				return
			}
			taken[at] = p.Title
		}
	}
}

// plain replaces Grafana's variables, so that Prometheus reads an expression.
var plain = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$pipeline", ".*")

// checkExpressions has Prometheus read expressions.
func checkExpressions(t *testing.T, recorded []rule) {
	t.Helper()
	var text bytes.Buffer
	if err := yaml.NewEncoder(&text).Encode(rules{[]ruleGroup{{"dashboard", recorded}}}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "rules.yaml")
}

// promtool runs a check of Prometheus's own, where it is installed.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	t.Run("promtool "+args[0], func(t *testing.T) {
		if _, err := exec.LookPath("promtool"); err != nil {
			t.Skip("needs promtool, of the package prometheus")
		}
		c := exec.CommandContext(t.Context(), "promtool", args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

package manifests

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

const chart = "../../configs/helm"

// values are those of a chart that differ from its defaults.
type values = map[string]any

// variants are sets of values that all of the chart's templates are tried with.
var variants = map[string]values{
	"defaults":      {},
	"existing key":  {"key": values{"existingSecret": "mine"}},
	"value of key":  {"key": values{"value": "a text that is long enough"}},
	"eBPF":          {"inject": values{"asFrom": "eth0"}, "relay": values{"port": 4822}},
	"with services": {"ports": []any{"tcp", "443/udp"}, "vips": []any{"203.0.113.80/32", "2001:db8:4::80/128"}, "interface": "bond0"},
	"Prometheus":    {"http": ":9400", "podMonitor": values{"enabled": true, "interval": "30s", "labels": values{"release": "prometheus"}}},
	"everywhere":    {"ports": []any{}, "nodeSelector": values{"pmtud": nil}, "limits": values{"rate": 50, "burst": 40}, "priorityClassName": "system-node-critical"},
	"NATS":          {"nats": values{"servers": []any{"tls://nats.example.net", "tls://192.0.2.5:4223"}, "existingSecret": "nats", "targets": []any{"203.0.113.80"}}},
	"pods' labels":  {"podLabels": values{"a": "b"}, "podAnnotations": values{"c": "d"}, "imagePullSecrets": []any{values{"name": "e"}}},
}

// TestLint is `helm lint --strict`.
func TestLint(t *testing.T) {
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			for _, message := range lint.RunAll(chart, v, "edge").Messages {
				if message.Severity > support.InfoSev {
					t.Error(message)
				}
			}
		})
	}
}

// TestChart decodes what `helm template` writes, and has the program check the configuration.
func TestChart(t *testing.T) {
	program := build(t)
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			m := render(t, v)
			m.check(t, "edge")
			if got := settings(t, program, m.configs[0].Data["pmtud.yaml"]); !strings.Contains(got, "type: inject") {
				t.Errorf("the configuration is\n%s", got)
			}
		})
	}
}

// render is `helm template pmtud-edge --namespace edge`.
func render(t *testing.T, v values) (m manifest) {
	t.Helper()
	files, err := template(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if text := files[name]; strings.HasSuffix(name, ".yaml") && strings.TrimSpace(text) != "" {
			objects, err := decode([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, text)
			}
			m.add(t, objects)
		}
	}
	return m
}

func template(v values) (map[string]string, error) {
	c, err := loader.LoadDir(chart)
	if err != nil {
		return nil, err
	}
	options := common.ReleaseOptions{Name: "pmtud-edge", Namespace: "edge", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, v, options, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

// TestKey wants the key to be taken, or to be made.
func TestKey(t *testing.T) {
	secret := func(variant string) (name, key string) {
		m := render(t, variants[variant])
		name = m.daemons[0].Spec.Template.Spec.Volumes[1].Secret.SecretName
		for _, s := range m.secrets {
			if s.Name != name {
				t.Errorf("%s: there is a Secret %q, the pods have %q", variant, s.Name, name)
			}
			key = string(s.Data["key"])
		}
		return name, key
	}
	if name, key := secret("existing key"); name != "mine" || key != "" {
		t.Errorf("a Secret that exists: %q with key %q", name, key)
	}
	if name, key := secret("value of key"); name != "pmtud-edge" || key != "a text that is long enough" {
		t.Errorf("a value: Secret %q with key %q", name, key)
	}
	_, one := secret("defaults")
	if _, other := secret("defaults"); len(one) < 43 || one == other {
		t.Errorf("keys that are made: %q, %q", one, other)
	}
}

// TestServersRollOut wants other servers to make other pods, and nothing else of the configuration,
// which the program reads again.
func TestServersRollOut(t *testing.T) {
	annotations := func(v values) map[string]string { return render(t, v).daemons[0].Spec.Template.Annotations }
	one := values{"nats": values{"servers": []any{"nats://one.example.net"}}}
	two := values{"nats": values{"servers": []any{"nats://one.example.net", "nats://two.example.net:4223"}}}
	if got := annotations(values{"limits": values{"rate": 50}}); len(got) != 0 {
		t.Errorf("without servers: %v", got)
	}
	if a, b := annotations(one), annotations(two); len(a) != 1 || maps.Equal(a, b) || !maps.Equal(a, annotations(one)) {
		t.Errorf("annotations with other servers: %v, %v", a, b)
	}
	two["podAnnotations"] = values{"c": "d"}
	if got := annotations(two); len(got) != 2 || got["c"] != "d" {
		t.Errorf("with others: %v", got)
	}
}

// TestMistakes wants values that can't work to be refused.
func TestMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		values values
		want   string
	}{
		"unknown value":      {values{"intreface": "eth0"}, "intreface"},
		"short key":          {values{"key": values{"value": "short"}}, "/key/value"},
		"no port":            {values{"http": "127.0.0.1"}, "/http"},
		"scraped by nobody":  {values{"podMonitor": values{"enabled": true}}, `set http: ":9342"`},
		"probes can't reach": {values{"http": "192.0.2.1:9342"}, "/http"},
	} {
		if _, err := template(tc.values); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error is %v, want %q", name, err, tc.want)
		}
	}
}

// TestSame wants the chart's defaults to configure what the manifest does.
func TestSame(t *testing.T) {
	program := build(t)
	m, c := load(t, "pmtud.yaml"), render(t, values{})
	for _, e := range m.daemons[0].Spec.Template.Spec.Containers[0].Env {
		t.Setenv(e.Name, e.Value)
	}
	plain := settings(t, program, m.configs[0].Data["pmtud.yaml"])
	rendered := strings.ReplaceAll(c.configs[0].Data["pmtud.yaml"], "pmtud-edge.edge.svc", "pmtud.pmtud.svc")
	if got := settings(t, program, rendered); got != plain {
		t.Errorf("the chart configures\n%s\nthe manifest\n%s", got, plain)
	}
}

// build returns the path of the program.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pmtud")
	if out, err := exec.Command("go", "build", "-C", "../..", "-buildvcs=false", "-o", path, "./cmd/pmtud").CombinedOutput(); err != nil {
		t.Fatalf("build pmtud: %v\n%s", err, out)
	}
	return path
}

// settings returns what a configuration comes to, without comments, if it has no mistakes.
func settings(t *testing.T, program, text string) string {
	t.Helper()
	dir := t.TempDir()
	key, file := filepath.Join(dir, "key"), filepath.Join(dir, "pmtud.yaml")
	text = strings.NewReplacer("/etc/pmtud-key/key", key, "/etc/pmtud-nats/send", key, "/etc/pmtud-nats/receive", key).Replace(text)
	for name, content := range map[string]string{key: "a text that is long enough", file: text} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(program, "config", "-c", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
	return strings.ReplaceAll(string(out), dir, "")
}

package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/testkit/schematest"
	"github.com/pmtud/pmtud/configs"
)

// TestConfigs loads the examples that come with the program.
func TestConfigs(t *testing.T) {
	t.Chdir("../configs")
	setKey(t)
	t.Setenv("PMTUD_IFACE", "eth0")
	schema := schematest.Compile(t, []byte(done(t, run(t, "plugins", "--schema"))))
	names, err := filepath.Glob("*.*ml")
	if err != nil || len(names) < 4 {
		t.Fatalf("examples are %v, %v", names, err)
	}
	for _, name := range append(names, "package/pmtud.yaml", configMap(t)) {
		if got := done(t, run(t, "check", "-c", name)); got != name+": ok\n" {
			t.Errorf("check says %q", got)
		}
		if err := schematest.Validate(schema, name); err != nil {
			t.Errorf("the schema refuses %s: %v", name, err)
		}
	}
	for _, name := range []string{"edge", "recommended"} {
		if diff := cmp.Diff(asYAML(t, name+".yaml"), asYAML(t, name+".toml")); diff != "" {
			t.Errorf("%s.toml differs (-yaml +toml):\n%s", name, diff)
		}
	}
	packaged := strings.Replace(asYAML(t, "package/pmtud.yaml"), "http:\n  listen: \"127.0.0.1:9342\"\n", "", 1)
	if diff := cmp.Diff(asYAML(t, "recommended.yaml"), packaged); diff != "" {
		t.Errorf("the package configures something else than recommended.yaml (-recommended +package):\n%s", diff)
	}
	_, inPods, _ := strings.Cut(asYAML(t, configMap(t)), "pipelines:")
	_, relay, _ := strings.Cut(asYAML(t, "relay.yaml"), "pipelines:")
	if diff := cmp.Diff(withoutPeers(relay), withoutPeers(inPods)); diff != "" {
		t.Errorf("the ConfigMap has other pipelines than relay.yaml (-relay +ConfigMap):\n%s", diff)
	}
	options := done(t, run(t, "--iface", "eth0", "--print-config"))
	if diff := cmp.Diff(options, asYAML(t, "compat.yaml")); diff != "" {
		t.Errorf("compat.yaml differs (-options +file):\n%s", diff)
	}
}

// withoutPeers leaves out what the list of peers has.
func withoutPeers(text string) string {
	return regexp.MustCompile(`peers: .*`).ReplaceAllString(text, "peers:")
}

// key is that of configurations that have relays.
const key = "a text that is long enough"

// setKey sets the variable with the key of configs/relay.yaml.
func setKey(t *testing.T) {
	for _, name := range []string{"PMTUD_KEY", "PMTUD_NATS_SEND", "PMTUD_NATS_RECEIVE"} {
		t.Setenv(name, key)
	}
}

// TestRecommendedOptions tries the stages that are comments in the recommended
// configuration.
func TestRecommendedOptions(t *testing.T) {
	var written []string
	for _, format := range []string{"yaml", "toml"} {
		text := regexp.MustCompile(`(?m)^( *)#(  [a-z]|[^ \n])`).ReplaceAllString(configs.Recommended(format), "$1$2")
		name := filepath.Join(t.TempDir(), "all."+format)
		writeFile(t, name, text)
		done(t, run(t, "check", "-c", name))
		if text := asYAML(t, name); !strings.Contains(text, "vips") || !strings.Contains(text, "canary") || !strings.Contains(text, "port-list") {
			t.Errorf("something is missing in\n%s", text)
		}
		written = append(written, asYAML(t, name))
	}
	if diff := cmp.Diff(written[0], written[1]); diff != "" {
		t.Errorf("recommended.toml differs (-yaml +toml):\n%s", diff)
	}
}

// configMap writes what the Kubernetes manifest configures to a file.
func configMap(t *testing.T) string {
	t.Helper()
	t.Setenv("PMTUD_IFACE", "eth0")
	t.Setenv("PMTUD_HTTP", "127.0.0.1:9342")
	secret := filepath.Join(t.TempDir(), "key")
	writeFile(t, secret, key)
	manifest, err := os.Open("kubernetes/pmtud.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer manifest.Close()
	for documents := yaml.NewDecoder(manifest); ; {
		var object struct {
			Kind string
			Data map[string]string
		}
		if err := documents.Decode(&object); err != nil {
			t.Fatal(err) // the end, too
		}
		if object.Kind == "ConfigMap" {
			name := filepath.Join(t.TempDir(), "pmtud.yaml")
			writeFile(t, name, strings.ReplaceAll(object.Data["pmtud.yaml"], "/etc/pmtud-key/key", secret))
			return name
		}
	}
}

// asYAML returns what a file declares in one form.
func asYAML(t *testing.T, name string) string {
	t.Helper()
	f, err := config.Load(t.Context(), []string{name}, cmd.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	text, err := write.Declared(f).Marshal("yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package cmd_test

import (
	"strings"
	"testing"
)

func TestGraph(t *testing.T) {
	const edge = "../configs/edge.yaml"
	for format, want := range map[string][]string{
		"text":    {"edge\n", "source  pcap ", "filter  port-list   ports=80, 443, 8000-8080\n", "└── filter  mtu "},
		"mermaid": {"flowchart LR\n", "p1_source1 --> p1_filter1\n", `["mtu<br/>max=1279"]`},
		"dot":     {"digraph pmtud {\n", "p1_source1 -> p1_filter1;\n", `[label="mtu\nmax=1279", shape=box]`},
	} {
		text := done(t, run(t, "graph", "-c", edge, "--format", format))
		for _, want := range want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing in\n%s", format, want, text)
			}
		}
	}
	for _, args := range [][]string{{"graph"}, {"graph", "-c", "nowhere.yaml"}, {"graph", "-c", edge, "--format", "svg"}} {
		if r := run(t, args...); r.status != 2 || r.stdout != "" {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

// TestGraphKeepsSecrets draws a pipeline with a key, which must not be in the drawing.
func TestGraphKeepsSecrets(t *testing.T) {
	const key = "a secret that nobody else knows"
	t.Setenv("PMTUD_KEY", key)
	for _, format := range []string{"text", "mermaid", "dot"} {
		text := done(t, run(t, "graph", "-c", "../configs/relay.yaml", "--format", format))
		if strings.Contains(text, key) || strings.Count(text, "key=hidden") != 2 {
			t.Errorf("%s:\n%s", format, text)
		}
	}
}

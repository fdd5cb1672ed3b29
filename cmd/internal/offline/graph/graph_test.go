package graph_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/graph"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// file returns a pipeline with everything, one with names that mean something to the
// formats, and one with the least there can be.
func file() *config.File {
	const odd = `a"b\n\N<br/>&lt;#35;[x]` + "`;ä"
	set := func(name string, value any) *config.Setting { return &config.Setting{Name: name, Value: value} }
	return &config.File{Pipelines: []config.Pipeline{
		{
			Name: "edge",
			Sources: []config.Stage{
				{Type: "pcap", Settings: config.Table{set("interface", "eth0"), set("promiscuous", true)}},
				{Type: "nflog", Name: "rules", Settings: config.Table{set("group", config.Number("33"))}},
			},
			Filters: []config.Stage{
				{Type: "icmp-ptb"},
				{Type: "port-list", Settings: config.Table{set("ports", config.List{{Value: config.Number("80")}, {Value: "8000-8080"}})}},
			},
			Sinks: []config.Stage{
				{Type: "broadcast", Settings: config.Table{set("interface", "eth0")}},
				{Type: "log", Filters: []config.Stage{
					{Type: "mtu", Settings: config.Table{set("max", config.Number("1279"))}},
					{Type: "length"},
				}},
				{Type: "peers", Settings: config.Table{set("addresses", strings.Repeat("192.0.2.11, ", 9))}},
			},
		},
		{
			Name:    odd,
			Sources: []config.Stage{{Type: "pcap-file", Name: odd, Settings: config.Table{set("path", odd)}}},
			Sinks:   []config.Stage{{Type: "log", Name: "log", Settings: config.Table{set("format", "\x1b[31m\n")}}},
		},
	}}
}

func TestWrite(t *testing.T) {
	for _, format := range []string{graph.Text, graph.Mermaid, graph.DOT} {
		t.Run(format, func(t *testing.T) {
			var b strings.Builder
			if err := graph.Write(&b, format, file()); err != nil {
				t.Fatal(err)
			}
			goldentest.Compare(t, "testdata/graph."+format, b.String())
		})
	}
}

// TestGraphviz has Graphviz read what is written for it.
func TestGraphviz(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("needs dot of Graphviz")
	}
	c := exec.Command(dot, "-Tplain", "testdata/graph.dot")
	out, err := c.CombinedOutput()
	if err != nil || strings.Contains(string(out), "syntax error") || strings.Contains(string(out), "Warning") {
		t.Errorf("%v: %s", err, out)
	}
}

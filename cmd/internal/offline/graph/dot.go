package graph

import (
	"fmt"
	"strings"
)

func dotOf(drawings []drawing) string {
	var b strings.Builder
	b.WriteString("digraph pmtud {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, d := range drawings {
		fmt.Fprintf(&b, "  subgraph cluster_%s {\n    label=%s;\n", d.id, dotText(d.name))
		for _, n := range d.nodes() {
			label := dotText(append([]string{n.title}, n.settings...)...)
			fmt.Fprintf(&b, "    %s [label=%s, shape=%s];\n", n.id, label, dotShape(n.kind))
		}
		for _, e := range d.edges() {
			fmt.Fprintf(&b, "    %s -> %s;\n", e.from, e.to)
		}
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func dotShape(kind string) string {
	switch kind {
	case "source":
		return "ellipse"
	case "sink":
		return "folder"
	}
	return "box"
}

// dotText writes lines as a label, in which Graphviz would understand escapes and
// entities.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	for i := range lines {
		lines[i] = escape.Replace(lines[i])
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

package graph

import (
	"fmt"
	"strings"
	"unicode"
)

func mermaidOf(drawings []drawing) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, d := range drawings {
		fmt.Fprintf(&b, "  subgraph %s[\"%s\"]\n", d.id, mermaidText(d.name))
		for _, n := range d.nodes() {
			left, right := mermaidShape(n.kind)
			fmt.Fprintf(&b, "    %s%s\"%s\"%s\n", n.id, left, mermaidLabel(n), right)
		}
		for _, e := range d.edges() {
			fmt.Fprintf(&b, "    %s --> %s\n", e.from, e.to)
		}
		b.WriteString("  end\n")
	}
	return b.String()
}

func mermaidShape(kind string) (left, right string) {
	switch kind {
	case "source":
		return "([", "])"
	case "sink":
		return "[[", "]]"
	}
	return "[", "]"
}

func mermaidLabel(n node) string {
	lines := []string{mermaidText(n.title)}
	for _, s := range n.settings {
		lines = append(lines, mermaidText(s))
	}
	return strings.Join(lines, "<br/>")
}

// mermaidText writes all that might mean something, to Mermaid or to the browser, by
// its number.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" .,:/=()+-…", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}

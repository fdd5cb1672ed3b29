package graph

import (
	"strings"
	"unicode/utf8"
)

func textOf(drawings []drawing) string {
	var b strings.Builder
	for i, d := range drawings {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.text(&b)
	}
	return b.String()
}

func (d drawing) text(b *strings.Builder) {
	width := 0
	for _, n := range d.nodes() {
		width = max(width, utf8.RuneCountInString(n.title))
	}
	line := func(indent string, n node) {
		title := n.title + strings.Repeat(" ", width-utf8.RuneCountInString(n.title))
		text := indent + n.kind + "  " + strings.Repeat(" ", len("source")-len(n.kind)) + title + "  " + strings.Join(n.settings, "  ")
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	b.WriteString(d.name + "\n")
	for _, n := range d.sources {
		line("  ", n)
	}
	b.WriteString("    │\n")
	for _, n := range d.filters {
		line("  ", n)
	}
	if len(d.filters) > 0 {
		b.WriteString("    │\n")
	}
	for i, branch := range d.sinks {
		first, next := "    ├── ", "    │   "
		if i == len(d.sinks)-1 {
			first, next = "    └── ", "        "
		}
		for _, n := range append(branch.filters, branch.sink) {
			line(first, n)
			first = next
		}
	}
}

package cluster

import (
	"fmt"
	"slices"
	"strings"
)

const (
	nameColumns = 20
	cellColumns = 6
	perBlock    = 9 // columns of servers that fit beside a name
)

// Matrix returns who hears whom as a table of at most 80 columns: a row is what a server hears, a column one that
// sends. More servers than fit are in blocks below each other.
func (r *Report) Matrix() string {
	var hearers, senders []string
	cells := map[[2]string]Pair{}
	for _, p := range r.Pairs {
		if !slices.Contains(hearers, p.Hearer) {
			hearers = append(hearers, p.Hearer)
		}
		cells[[2]string{p.Hearer, p.Sender}] = p
	}
	senders = slices.Clone(hearers)
	for _, p := range r.Pairs {
		if !slices.Contains(senders, p.Sender) {
			senders = append(senders, p.Sender)
		}
	}
	if len(hearers) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("Rows hear columns; cells show how long ago the last test message came:\n")
	for first := 0; first < len(senders); first += perBlock {
		block := senders[first:min(first+perBlock, len(senders))]
		text.WriteString("\n" + strings.Repeat(" ", 4+1+nameColumns))
		for i := range block {
			fmt.Fprintf(&text, "%*d", cellColumns, first+i+1)
		}
		text.WriteString("\n")
		for i, name := range senders {
			fmt.Fprintf(&text, "%4d %-*s", i+1, nameColumns, cut(name))
			for _, sender := range block {
				fmt.Fprintf(&text, "%*s", cellColumns, cell(cells, name, sender))
			}
			text.WriteString("\n")
		}
	}
	return text.String()
}

func cut(name string) string {
	if len(name) > nameColumns {
		return name[:nameColumns-1] + "~"
	}
	return name
}

// cell returns what a server knows of another one.
func cell(cells map[[2]string]Pair, hearer, sender string) string {
	p, ok := cells[[2]string{hearer, sender}]
	switch {
	case hearer == sender:
		return "-"
	case !ok:
		return "?" // it was not asked
	case p.Last == nil:
		return "NEVER"
	case !p.Heard:
		return "NOT"
	case !p.whole():
		return "PART"
	}
	return age(p.Ago)
}

// age returns seconds in at most five characters.
func age(s float64) string {
	switch s = max(s, 0); {
	case s < 1000:
		return fmt.Sprintf("%.0fs", s)
	case s < 1000*60:
		return fmt.Sprintf("%.0fm", s/60)
	}
	return fmt.Sprintf("%.0fh", s/3600)
}

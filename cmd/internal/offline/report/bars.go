package report

import (
	"fmt"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// bars is a picture of horizontal bars, each below its label.
type bars struct {
	Height int
	Rows   []bar
}

// bar is a row of a picture.
type bar struct {
	Label, Value string
	TextY, Y     int
	Parts        []part
	Title        string
}

// part is a coloured piece of a bar.
type part struct{ Class, X, Width string }

// amount is what a part stands for.
type amount struct {
	class, label string
	packets      uint64
}

// rowHeight is the number of pixels from a bar to the next one.
const rowHeight = 40

// add appends a bar whose picture is as wide as all.
func (b *bars) add(label, value string, all uint64, amounts ...amount) {
	const mostLabel = 28 // characters, which fit; the table has it whole
	row := bar{Label: readable.Cut(label, mostLabel), Value: value, TextY: b.Height + 14, Y: b.Height + 19, Title: label}
	var at uint64
	for _, a := range amounts {
		if a.packets == 0 {
			continue
		}
		row.Parts = append(row.Parts, part{a.class, percent(float64(at), float64(all)), percent(float64(a.packets), float64(all))})
		row.Title += fmt.Sprintf("\n%s: %s", a.label, readable.Number(a.packets))
		at += a.packets
	}
	b.Rows = append(b.Rows, row)
	b.Height += rowHeight
}

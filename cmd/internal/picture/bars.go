package picture

import "fmt"

// Chart is what [Bars] draws.
type Chart struct {
	Title  string
	Note   string // a line below the bars
	Groups []Group
	// Full is the value of the longest bar that there is room for. 0 is the largest value.
	Full float64
}

// Group is bars that belong together.
type Group struct {
	Name string
	Bars []Bar
}

// Bar is one value.
type Bar struct {
	Name  string
	Value float64
	Text  string // the value with its unit, and what else is to be said
	Class Class
}

// Class is how a bar is coloured.
type Class string

// Classes.
const (
	Good  Class = "good"
	Bad   Class = "bad"
	Plain Class = "plain"
)

// Sizes of a chart.
const (
	chartWidth = 840
	barLeft    = 220
	barRoom    = 330
	barHeight  = 16
	rowHeight  = 24
)

// Bars draws horizontal bars.
func Bars(chart Chart) string {
	c := &canvas{width: chartWidth}
	c.text(20, 30, "title", chart.Title)
	label := chart.Title
	y := 52
	full := chart.Full
	if full == 0 {
		full = chart.largest()
	}
	for _, g := range chart.Groups {
		if g.Name != "" {
			c.text(20, y+13, "note", g.Name)
			label += "; " + g.Name
			y += rowHeight
		}
		for _, b := range g.Bars {
			c.textEnd(barLeft-12, y+13, "", b.Name)
			c.bar(barLeft, y, barRoom, barHeight, "track")
			c.bar(barLeft, y, max(int(b.Value/full*barRoom), 2), barHeight, string(b.Class))
			c.text(barLeft+barRoom+12, y+13, "", b.Text)
			label += fmt.Sprintf("; %s: %s", b.Name, b.Text)
			y += rowHeight
		}
		y += 10
	}
	if chart.Note != "" {
		c.text(20, y+8, "note", chart.Note)
		y += 20
	}
	c.height = y + 6
	return c.svg(label)
}

func (c Chart) largest() (most float64) {
	for _, g := range c.Groups {
		for _, b := range g.Bars {
			most = max(most, b.Value)
		}
	}
	return max(most, 1e-9)
}

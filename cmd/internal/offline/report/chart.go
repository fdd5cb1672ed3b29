package report

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// chart is a picture of stacked columns. Lengths across are percents of its width, so that
// it fits every window with text of one size; lengths down are pixels.
type chart struct {
	Height   int
	Bottom   float64
	TextY    float64 // of From and To
	Columns  []columnOf
	Grid     []gridLine
	From, To string // below the first and the last column
}

// columnOf is the packets of one bin.
type columnOf struct {
	Title string
	Rects []rect
}

type rect struct{ Class, X, Y, Width, Height string }

type gridLine struct{ Y, Label string }

// Pixels of a chart from the top to the bottom.
const (
	chartTop    = 8.0
	chartBottom = 208.0
	chartHeight = 230
)

// minColumns is the number of columns that a chart has room for at least: a single packet
// does not fill the picture.
const minColumns = 20

func (r *Report) timelineSection() section {
	t := &r.timeline
	s := section{ID: "time", Title: "Verdicts over time"}
	if len(t.bins) == 0 {
		s.Empty = "No packet has a timestamp."
		return s
	}
	shown := t.shownSeries()
	s.Text = fmt.Sprintf("Packets by verdict and time of capture. A column is %s wide.", length(t.width))
	for _, series := range shown {
		s.Legend = append(s.Legend, series.legend)
	}
	s.Chart = t.chart(shown)
	s.Table, s.Fold = t.table(shown), "Packets in each column"
	if n := t.timelessPackets(); n > 0 {
		s.Notes = append(s.Notes, "Packets without a timestamp, which are not in the chart: "+readable.Number(n)+".")
	}
	return s
}

func (t *timeline) timelessPackets() (n uint64) {
	for _, c := range t.timeless {
		n += c
	}
	return n
}

func (t *timeline) chart(shown []series) *chart {
	var most uint64
	for _, b := range t.bins {
		most = max(most, sum(b))
	}
	step, top := scale(most)
	c := &chart{
		Height: chartHeight, Bottom: chartBottom, TextY: chartBottom + 16,
		From: moment(t.begin(0), t.width), To: moment(t.begin(max(len(t.bins), minColumns)), t.width),
	}
	for n := step; n <= top; n += step {
		y := chartBottom - float64(n)/float64(top)*(chartBottom-chartTop)
		c.Grid = append(c.Grid, gridLine{pixels(y), readable.Number(n)})
	}
	for i, b := range t.bins {
		if sum(b) > 0 {
			c.Columns = append(c.Columns, t.column(i, b, shown, float64(top)))
		}
	}
	return c
}

func (t *timeline) column(i int, b bin, shown []series, top float64) columnOf {
	all := float64(max(len(t.bins), minColumns))
	c := columnOf{Title: moment(t.begin(i), t.width)}
	y := chartBottom
	for _, s := range shown {
		n := s.in(b)
		if n == 0 {
			continue
		}
		height := float64(n) / top * (chartBottom - chartTop)
		y -= height
		c.Rects = append(c.Rects, rect{s.Class, percent(float64(i), all), pixels(y), percent(0.9, all), pixels(height)})
		c.Title += fmt.Sprintf("\n%s: %s", s.Label, readable.Number(n))
	}
	return c
}

// table lists the bins that have packets.
func (t *timeline) table(shown []series) table {
	out := table{Columns: []column{{"from (UTC)", false}}}
	for _, s := range shown {
		out.Columns = append(out.Columns, column{s.Label, true})
	}
	for i, b := range t.bins {
		if sum(b) == 0 {
			continue
		}
		row := []string{moment(t.begin(i), t.width)}
		for _, s := range shown {
			row = append(row, readable.Number(s.in(b)))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func sum(b bin) (n uint64) {
	for _, c := range b {
		n += c
	}
	return n
}

// scale returns the distance of at most five lines of a grid, and the uppermost of them.
func scale(most uint64) (step, top uint64) {
	step = 1
	for factor := 0; (most+step-1)/step > 5; factor++ {
		step = step * [...]uint64{2, 5, 2}[factor%3] / [...]uint64{1, 2, 1}[factor%3]
	}
	return step, max(1, (most+step-1)/step) * step
}

// pixels writes a length in a picture.
func pixels(n float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0") }

package page

import (
	"fmt"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control/screen"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Sizes of a graph in units of its picture.
const (
	nodeWidth, nodeHeight = 250, 44
	columnWidth           = 290
	levelHeight           = 82
	graphMargin           = 8
	mostRunes             = 36 // of a line in a node
)

// graph is a pipeline as a picture: sources at the top, then the filters, then the sinks
// beside each other, each below its own filters. Rates are those of the last ten seconds.
type graph struct {
	Width, Height int
	Nodes         []node
	Edges         []edge
}

// node is a stage. X and Y are those of its left upper corner.
type node struct {
	X, Y, Width, Height int
	Class               string
	Title               string // all there is to say
	Lines               [2]textLine
}

type textLine struct {
	X, Y int
	Text string
}

// edge is the way of packets between stages.
type edge struct {
	Path, Class string
	Label       textLine // packets a second
	IsLeft      bool     // the label ends where it is, otherwise it begins there
}

// point is where an edge begins or ends.
type point struct{ x, y int }

func newGraph(p control.Pipeline) graph {
	g := graph{Width: 2*graphMargin + columnWidth*max(len(p.Sources), len(p.Sinks), 1)}
	trunk := point{g.Width / 2, graphMargin + levelHeight}
	for i, s := range p.Sources {
		at := point{g.column(i, len(p.Sources)), graphMargin}
		g.join(g.node(at, "source", s.Name, counts("received", s.Received)), trunk, s.Received.Per10s, len(p.Sources) > 1)
	}
	end, _ := g.filters(p.Filters, trunk, p.Received.Per10s)
	for i, s := range p.Sinks {
		at := point{g.column(i, len(p.Sinks)), end.y + levelHeight - nodeHeight}
		g.fan(end, at, s.Offered.Per10s)
		last, flow := g.filters(s.Filters, at, s.Offered.Per10s)
		if len(s.Filters) > 0 {
			at = point{at.x, last.y + levelHeight - nodeHeight}
			g.join(last, at, flow, false)
		}
		g.node(at, "sink", s.Name, sinkText(s))
	}
	return g
}

// column returns the middle of one of n columns.
func (g *graph) column(i, n int) int { return g.Width/2 + columnWidth*(2*i+1-n)/2 }

// filters draws filters below each other. It returns where packets leave the last one, and
// how many a second.
func (g *graph) filters(filters []control.Filter, at point, flow float64) (point, float64) {
	end := at
	for i, f := range filters {
		if i > 0 {
			at.y = end.y + levelHeight - nodeHeight
			g.join(end, at, flow, false)
		}
		dropped := sum(f.Dropped)
		class := "filter"
		if dropped.Per10s > 0 {
			class += " drops"
		}
		end = g.node(at, class, f.Name, counts("dropped", dropped))
		flow = max(flow-dropped.Per10s, 0)
	}
	return end, flow
}

// node draws a stage below a point, and returns where packets leave it.
func (g *graph) node(at point, class, name, text string) point {
	g.Nodes = append(g.Nodes, node{
		X: at.x - nodeWidth/2, Y: at.y, Width: nodeWidth, Height: nodeHeight, Class: class, Title: name + ": " + text,
		Lines: [2]textLine{{at.x, at.y + 18, readable.Cut(name, mostRunes)}, {at.x, at.y + 35, readable.Cut(text, mostRunes)}},
	})
	g.Height = max(g.Height, at.y+nodeHeight+graphMargin)
	return point{at.x, at.y + nodeHeight}
}

// join draws an edge whose label is in its middle, or near its beginning if others end at
// the same point.
func (g *graph) join(from, to point, flow float64, many bool) {
	at := point{from.x, (from.y+to.y)/2 + 4}
	if many {
		at.y = from.y + 14
	}
	g.edge(from, to, at, from.x < to.x, flow)
}

// fan draws an edge whose label is near its end: others may begin at the same point.
func (g *graph) fan(from, to point, flow float64) {
	g.edge(from, to, point{to.x, to.y - 8}, to.x < from.x, flow)
}

// edge draws an edge with a label beside a point, where the edge does not cross it.
func (g *graph) edge(from, to, label point, isLeft bool, flow float64) {
	const away = 8
	middle := (from.y + to.y) / 2
	e := edge{
		Path:  fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from.x, from.y, from.x, middle, to.x, middle, to.x, to.y),
		Class: "edge", Label: textLine{label.x + away, label.y, screen.Rate(flow) + "/s"}, IsLeft: isLeft,
	}
	if isLeft {
		e.Label.X = label.x - away
	}
	if flow > 0 {
		e.Class += " flows"
	}
	g.Edges = append(g.Edges, e)
}

func counts(what string, c control.Count) string {
	return fmt.Sprintf("%s %s, %s/s", what, readable.Number(c.Total), screen.Rate(c.Per10s))
}

func sinkText(s control.Sink) string {
	text := counts("delivered", s.Delivered)
	if failed := sum(s.Failed).Total + sum(s.Shed).Total; failed > 0 {
		text += ", not " + readable.Number(failed)
	}
	if s.Queued > 0 {
		text += ", queued " + readable.Number(s.Queued)
	}
	return text
}

func sum(reasons []control.Reason) (all control.Count) {
	for _, r := range reasons {
		all.Total += r.Total
		all.Per10s += r.Per10s
		all.Per60s += r.Per60s
	}
	return all
}

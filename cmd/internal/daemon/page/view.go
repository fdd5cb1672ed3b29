package page

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control/screen"
	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// view is what the page shows, for its template.
type view struct {
	control.Status
	Pipelines []pipelineView
}

type pipelineView struct {
	control.Pipeline
	Age   string // since it was opened
	Rows  []row
	Chart chart
	Graph graph
	Lists []listView

	SampledOneIn uint64 // packets, for the lists
	Figure       []figureRow
}

// row is a line of the table of counters.
type row struct {
	Name           string
	Class          string // of the line
	Packets        string
	Per10s, Per60s string
}

type listView struct {
	Title string
	Note  string
	Keys  []keyView
}

type keyView struct {
	Key, Packets, Dropped, Share string
}

type figureRow struct{ Stage, Name, Value string }

const stamp = "2006-01-02 15:04:05 MST"

func newView(s control.Status, t control.Top, hours map[string][]live.Point) view {
	v := view{Status: s}
	lists := map[string]control.PipelineTop{}
	for _, l := range t.Pipelines {
		lists[l.Name] = l
	}
	for _, p := range s.Pipelines {
		pv := pipelineView{
			Pipeline: p, Age: screen.Age(s.Now.Sub(p.Since)),
			Chart: newChart(hours[p.Name], s.Now), Lists: listViews(lists[p.Name]), SampledOneIn: lists[p.Name].SampledOneIn, Figure: figureRows(p.Figures),
		}
		if p.State != control.Silent {
			pv.Rows, pv.Graph = rows(p), newGraph(p)
		}
		v.Pipelines = append(v.Pipelines, pv)
	}
	return v
}

// Running is how long the daemon has been running.
func (v view) Running() string { return screen.Age(v.Now.Sub(v.Started)) }

// Interval is that of the canaries.
func (v view) Interval() string { return screen.Seconds(v.Canary.Interval).String() }

// Ways tells how a server is heard.
func (v view) Ways(p control.CanaryPeer) string { return screen.Ways(p, v.Now) }

// Stamp writes a time in the local zone.
func (v view) Stamp(t time.Time) string { return t.Local().Format(stamp) }

// Clock writes the time of the page.
func (v view) Clock() string { return v.Stamp(v.Now) }

// About names what a complaint is about.
func (v view) About(h control.Health) string { return screen.About(h) }

func rows(p control.Pipeline) []row {
	all := []row{counted("received", "", p.Received)}
	if len(p.Sources) > 1 {
		for _, s := range p.Sources {
			all = append(all, counted("by "+s.Name, "part", s.Received))
		}
	}
	all = append(all, counted("forwarded", "", p.Forwarded), counted("dropped", "", p.Dropped))
	for _, f := range p.Filters {
		all = append(all, reasons(f.Name+": ", f.Dropped)...)
	}
	if p.Lost.Total > 0 {
		all = append(all, counted("lost by the kernel before they were read", "bad", p.Lost))
	}
	for _, s := range p.Sinks {
		all = append(all, sinkRows(s)...)
	}
	return all
}

func sinkRows(s control.Sink) []row {
	all := []row{counted("sink "+s.Name+": delivered", "", s.Delivered)}
	for _, f := range s.Filters {
		all = append(all, reasons("dropped by "+f.Name+": ", f.Dropped)...)
	}
	all = append(all, reasons("failed: ", s.Failed)...)
	all = append(all, reasons("dropped from the queue: ", s.Shed)...)
	if s.Queued > 0 {
		all = append(all, row{Name: "in its queue of " + readable.Number(s.QueueSize), Class: "part", Packets: readable.Number(s.Queued)})
	}
	return all
}

// reasons shows those that have packets.
func reasons(before string, list []control.Reason) (all []row) {
	for _, r := range list {
		if r.Total > 0 {
			all = append(all, counted(before+r.Reason, "part", r.Count))
		}
	}
	return all
}

func counted(name, class string, c control.Count) row {
	return row{Name: name, Class: class, Packets: readable.Number(c.Total), Per10s: screen.Rate(c.Per10s), Per60s: screen.Rate(c.Per60s)}
}

func listViews(t control.PipelineTop) []listView {
	return []listView{
		newList("Routers", t.Routers), newList("Clients", t.Clients),
		newList("Targets", t.Targets), newList("Next-hop MTUs", t.MTUs),
	}
}

func newList(title string, l control.List) listView {
	v := listView{Title: title, Note: fmt.Sprintf("of %s packets; a key that is missing has at most %s",
		readable.Number(l.Total), readable.Number(l.MostMissing))}
	for _, k := range l.Keys {
		v.Keys = append(v.Keys, keyView{
			Key: k.Key, Packets: readable.Number(k.Packets), Dropped: readable.Number(k.Dropped),
			Share: strconv.FormatFloat(100*k.Share, 'f', 1, 64) + "%",
		})
	}
	return v
}

func figureRows(figures []control.Figure) (all []figureRow) {
	for _, f := range figures {
		stage := f.Kind + " " + f.Stage
		if f.Sink != "" {
			stage = "sink " + f.Sink + " " + stage
		}
		if f.Label != "" {
			stage += ", " + f.Label + " " + f.Of
		}
		all = append(all, figureRow{stage, screen.FigureName(f.Name), screen.FigureValue(f.Value)})
	}
	return all
}

package screen

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Smallest terminal that a frame is made for.
const (
	leastColumns = 40
	leastRows    = 12
)

// mostColumns is how wide a table is at most: in a wider one the eye loses its row.
const mostColumns = 100

// View is what somebody wants to see of the frames.
type View struct {
	Columns, Rows int
	Pipeline      int // number of the pipeline, from 0; taken modulo how many there are
	Only          int // number of the one list that is shown, from 1; 0 for all
	Paused        bool
	Help          bool
	Trouble       string // why the frame is an old one; empty if it is not
}

// Frame returns the lines of a frame of `pmtud top`, no more and no longer than fit into
// the view.
func Frame(f control.Frame, v View) []string {
	d := &drawing{View: v}
	d.Columns, d.Rows = max(v.Columns, leastColumns), max(v.Rows, leastRows)
	d.head(f.Status)
	switch {
	case v.Help:
		d.lines = append(d.lines, strings.Split(keys, "\n")...)
	case len(f.Status.Pipelines) == 0:
		d.lines = append(d.lines, "no pipeline is running")
	default:
		p := f.Status.Pipelines[v.Pipeline%len(f.Status.Pipelines)]
		var lists control.PipelineTop
		for _, t := range f.Top.Pipelines {
			if t.Name == p.Name {
				lists = t
			}
		}
		d.pipeline(p, v.Pipeline%len(f.Status.Pipelines)+1, len(f.Status.Pipelines))
		d.lines = append(d.lines, accuracy(lists))
		d.lists(lists, f.Top.Now.Sub(lists.Since))
	}
	return d.finish()
}

const keys = `
  q, Ctrl-C   quit
  Tab, n      next pipeline
  1 2 3 4     only routers, clients, targets or MTUs
  0           all lists
  space       pause
  h, ?        this help

Rates are packets per second over the last 10 seconds. Lists cover the last 30
to 60 seconds; "drop" is the share of a key's packets that was dropped. Above
100 packets per second they are made from a sample: shares are accurate to about
3% of all packets at first, and to 1% half a minute later. With very many
addresses they are less exact; the line above them says so.`

// drawing is a frame that is being made.
type drawing struct {
	View
	lines []string
}

// head is about the daemon.
func (d *drawing) head(s control.Status) {
	state := "ready"
	if !s.Ready {
		state = fmt.Sprintf("NOT READY (%d)", len(s.Health))
	}
	left := fmt.Sprintf("%s %s  up %s  %s", s.Program, s.Version, Age(s.Now.Sub(s.Started)), state)
	clock := s.Now.Local().Format(time.TimeOnly)
	if d.Paused {
		clock = "paused " + clock
	}
	d.lines = append(d.lines, fit(left, d.Columns-len(clock)-1)+" "+clock)
	switch {
	case d.Trouble != "":
		d.lines = append(d.lines, "! "+d.Trouble)
	case !s.Ready && len(s.Health) > 0:
		d.lines = append(d.lines, "! "+About(s.Health[0])+": "+s.Health[0].Trouble)
	case !s.Config.LastGood:
		d.lines = append(d.lines, "! the last reload failed: "+s.Config.Error)
	}
}

// pipeline is about one pipeline: its sums, and where packets are dropped.
func (d *drawing) pipeline(p control.Pipeline, nth, of int) {
	title := fmt.Sprintf("pipeline %s: %s", p.Name, p.State)
	if of > 1 {
		title = fmt.Sprintf("pipeline %d of %d, %s: %s", nth, of, p.Name, p.State)
	}
	d.lines = append(d.lines, title,
		fmt.Sprintf("received %s/s  forwarded %s/s  dropped %s/s  lost %s/s",
			Rate(p.Received.Per10s), Rate(p.Forwarded.Per10s), Rate(p.Dropped.Per10s), Rate(p.Lost.Per10s)))
	rows := drops(p)
	most := max(1, (d.Rows-len(d.lines)-2)/4)
	d.lines = append(d.lines, "", d.row("dropped or failed", "packets", "per s"))
	if len(rows) == 0 {
		d.lines = append(d.lines, "nothing so far")
	}
	for i, r := range rows {
		if i == most-1 && len(rows) > most {
			d.lines = append(d.lines, fmt.Sprintf("and %d more, see pmtud status", len(rows)-i))
			break
		}
		d.lines = append(d.lines, d.row(r.name, readable.Number(r.Total), Rate(r.Per10s)))
	}
}

// accuracy returns a line about the lists below it: how they are sampled, and by how much of
// all packets a key can have more, which may not be listed then. It is empty if they are exact.
func accuracy(t control.PipelineTop) string {
	var texts []string
	if t.SampledOneIn > 1 {
		texts = append(texts, fmt.Sprintf("1 packet in %d", t.SampledOneIn))
	}
	worst := 0.0
	for _, l := range []control.List{t.Routers, t.Clients, t.Targets, t.MTUs} {
		most := l.MostMissing
		for _, k := range l.Keys {
			most = max(most, k.Error)
		}
		worst = max(worst, float64(most)/float64(max(l.Total, 1)))
	}
	if worst > 0 {
		texts = append(texts, fmt.Sprintf("shares up to %.1f%% too low", math.Ceil(1000*worst)/10))
	}
	if len(texts) == 0 {
		return ""
	}
	return "lists: " + strings.Join(texts, ", ")
}

func (d *drawing) row(name, packets, perSecond string) string {
	return fit(name, min(d.Columns, mostColumns)-26) + right(packets, 14) + right(perSecond, 12)
}

// drop is a reason of a stage.
type drop struct {
	name string
	control.Count
}

// drops returns what was dropped, failed or shed, the fastest first, then the most.
func drops(p control.Pipeline) (all []drop) {
	add := func(name string, reasons []control.Reason) {
		for _, r := range reasons {
			if r.Total > 0 {
				all = append(all, drop{name + r.Reason, r.Count})
			}
		}
	}
	for _, f := range p.Filters {
		add(f.Name+": ", f.Dropped)
	}
	for _, s := range p.Sinks {
		for _, f := range s.Filters {
			add("sink "+s.Name+", "+f.Name+": ", f.Dropped)
		}
		add("sink "+s.Name+": failed as ", s.Failed)
		add("queue of sink "+s.Name+": ", s.Shed)
	}
	slices.SortStableFunc(all, func(a, b drop) int {
		return cmp.Or(cmp.Compare(b.Per10s, a.Per10s), cmp.Compare(b.Total, a.Total))
	})
	return all
}

// titled is a top list with its title.
type titled struct {
	title string
	control.List
}

// lists draws the top lists two by two, or the one that is wanted.
func (d *drawing) lists(t control.PipelineTop, covers time.Duration) {
	all := []titled{
		{"1 routers", t.Routers},
		{"2 clients", t.Clients},
		{"3 targets", t.Targets},
		{"4 next-hop MTUs", t.MTUs},
	}
	free := d.Rows - len(d.lines) - 1
	if d.Only > 0 && d.Only <= len(all) {
		d.lines = append(d.lines, cells(all[d.Only-1], min(d.Columns, mostColumns), free-1, covers)...)
		return
	}
	each := (free - 2) / 2
	left := min((d.Columns-2)/2, mostColumns/2+10)
	second := min(d.Columns-2-left, left+1)
	for i := 0; i < len(all); i += 2 {
		a, b := cells(all[i], left, each, covers), cells(all[i+1], second, each, covers)
		for j := range a {
			d.lines = append(d.lines, a[j]+"  "+b[j])
		}
	}
}

// cells returns the title of a list and rows of its keys.
func cells(l titled, columns, rows int, covers time.Duration) []string {
	const rateColumns, shareColumns = 9, 6
	key := columns - rateColumns - 2*shareColumns
	out := []string{fit(l.title, key) + right("per s", rateColumns) + right("share", shareColumns) + right("drop", shareColumns)}
	for i := range max(rows, 0) {
		if i >= len(l.Keys) {
			out = append(out, strings.Repeat(" ", columns))
			continue
		}
		k := l.Keys[i]
		perSecond := float64(k.Packets) / max(covers.Seconds(), 1)
		out = append(out, fit(k.Key, key)+right(Rate(perSecond), rateColumns)+
			right(percent(k.Share), shareColumns)+right(percent(float64(k.Dropped)/float64(max(k.Packets, 1))), shareColumns))
	}
	return out
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

// finish fills the frame up and cuts what is too much.
func (d *drawing) finish() []string {
	if len(d.lines) > d.Rows-1 {
		d.lines = d.lines[:d.Rows-1]
	}
	for len(d.lines) < d.Rows-1 {
		d.lines = append(d.lines, "")
	}
	d.lines = append(d.lines, "q quit  Tab pipeline  1-4 one list  0 all  space pause  h help")
	for i, l := range d.lines {
		d.lines[i] = strings.TrimRight(fit(line(l), d.Columns), " ")
	}
	return d.lines
}

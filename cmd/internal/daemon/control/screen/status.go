package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// width of the text of a status: that of a plain terminal.
const width = 80

// mostLabels is how many peers, or other values of a label, are shown for a stage.
const mostLabels = 8

// stamp is how times are written: the local time, since people read it.
const stamp = "2006-01-02 15:04:05"

// Status returns the state of a daemon as text.
func Status(s control.Status) string {
	t := &text{}
	state := "ready"
	if !s.Ready {
		state = "NOT READY"
	}
	t.linef("%s %s, process %d, running for %s since %s: %s",
		s.Program, s.Version, s.PID, Age(s.Now.Sub(s.Started)), s.Started.Local().Format(stamp), state)
	t.config(s.Config)
	for _, h := range s.Health {
		t.linef("! %s: %s", About(h), h.Trouble)
	}
	t.canary(s)
	for _, p := range s.Pipelines {
		t.linef("")
		t.pipeline(s, p)
	}
	return t.String()
}

// text is lines of text.
type text struct{ strings.Builder }

func (t *text) linef(format string, args ...any) {
	t.WriteString(strings.TrimRight(line(fmt.Sprintf(format, args...)), " ") + "\n")
}

func (t *text) config(c control.Config) {
	switch {
	case c.Command:
		t.linef("configuration: command-line options")
	case c.Reloads == 0:
		t.linef("configuration %s, loaded %s, never reloaded", c.Hash, c.Loaded.Local().Format(stamp))
	default:
		t.linef("configuration %s, loaded %s, reloads: %d, %d of them failed",
			c.Hash, c.Loaded.Local().Format(stamp), c.Reloads, c.Failures)
	}
	if !c.LastGood {
		t.linef("! the last reload failed; the old configuration is still running: %s", c.Error)
	}
}

// About names what a complaint is about.
func About(h control.Health) string {
	text := "pipeline " + h.Pipeline
	if h.Sink != "" {
		text += " sink " + h.Sink
	}
	if h.Stage != "" {
		text += " " + h.Kind + " " + h.Stage
	}
	return text
}

func (t *text) pipeline(s control.Status, p control.Pipeline) {
	head := fmt.Sprintf("pipeline %s: %s, opened %s ago", p.Name, p.State, Age(s.Now.Sub(p.Since)))
	t.linef("%s", head)
	switch {
	case p.Error != "":
		t.linef("  %s", p.Error)
	case p.State == control.Silent:
		return
	}
	t.linef("  %s", fit("", nameColumns)+right("packets", 14)+right("per s, 10 s", 14)+right("60 s", 12))
	t.count("received", p.Received)
	if len(p.Sources) > 1 {
		for _, s := range p.Sources {
			t.count("  by "+s.Name, s.Received)
		}
	}
	t.count("forwarded", p.Forwarded)
	t.count("dropped", p.Dropped)
	for _, f := range p.Filters {
		t.reasons("  "+f.Name+": ", f.Dropped)
	}
	if p.Lost.Total > 0 {
		t.count("lost by the kernel before they were read", p.Lost)
	}
	for _, s := range p.Sinks {
		t.sink(s)
	}
	t.figures(p.Figures)
}

func (t *text) sink(s control.Sink) {
	t.count("sink "+s.Name+": delivered", s.Delivered)
	for _, f := range s.Filters {
		t.reasons("  dropped by "+f.Name+": ", f.Dropped)
	}
	t.reasons("  failed: ", s.Failed)
	t.reasons("  dropped from the queue: ", s.Shed)
	if c := s.Canaries; c != nil {
		t.linef("    test messages sent %s, failed %s%s", readable.Number(c.Sent), readable.Number(c.Failed), because(c.Reason))
	}
	if s.Queued > 0 {
		t.linef("  %s%s", fit("  in its queue of "+readable.Number(s.QueueSize), nameColumns), right(readable.Number(s.Queued), 14))
	}
}

// reasons shows those that have packets.
func (t *text) reasons(before string, reasons []control.Reason) {
	for _, r := range reasons {
		if r.Total > 0 {
			t.count(before+r.Reason, r.Count)
		}
	}
}

const nameColumns = width - 2 - 14 - 14 - 12

func (t *text) count(name string, c control.Count) {
	t.linef("  %s%s%s%s", fit(name, nameColumns), right(readable.Number(c.Total), 14), right(Rate(c.Per10s), 14), right(Rate(c.Per60s), 12))
}

// measured are the figures of one stage, or of one value of its label.
type measured struct {
	name   string
	texts  []string
	failed float64
}

// figures shows what stages measure themselves, a line for each stage and each peer. Peers
// with failures come first.
func (t *text) figures(all []control.Figure) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && sameStage(all[n], all[0]) {
			n++
		}
		t.stage(all[:n])
		all = all[n:]
	}
}

func sameStage(a, b control.Figure) bool {
	return a.Kind == b.Kind && a.Sink == b.Sink && a.Stage == b.Stage
}

func (t *text) stage(figures []control.Figure) {
	title := figures[0].Kind + " " + figures[0].Stage
	if figures[0].Sink != "" {
		title = "sink " + figures[0].Sink + " " + title
	}
	var rows []measured
	for _, f := range figures {
		name := title
		if f.Label != "" {
			name = "  " + f.Label + " " + f.Of
		}
		at := slices.IndexFunc(rows, func(m measured) bool { return m.name == name })
		if at < 0 {
			at = len(rows)
			rows = append(rows, measured{name: name})
		}
		rows[at].texts = append(rows[at].texts, FigureName(f.Name)+" "+FigureValue(f.Value))
		if strings.HasPrefix(f.Name, "failed") {
			rows[at].failed += f.Value
		}
	}
	slices.SortStableFunc(rows, func(a, b measured) int { // the stage's own first, then by failures
		if a.name == title || b.name == title {
			return strings.Compare(b.name, a.name)
		}
		return int(min(max(b.failed-a.failed, -1), 1))
	})
	if len(rows) == 0 || rows[0].name != title {
		t.linef("  %s", title)
	}
	for i, m := range rows {
		if i == mostLabels {
			t.linef("    and %d more", len(rows)-i)
			break
		}
		t.linef("  %s: %s", m.name, strings.Join(m.texts, ", "))
	}
}

// FigureName returns the name of a figure as it is shown.
func FigureName(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(name, "_total"), "_", " ")
}

// FigureValue returns the value of a figure as it is shown.
func FigureValue(v float64) string {
	if v == float64(uint64(v)) {
		return readable.Number(uint64(v))
	}
	return fmt.Sprintf("%.2f", v)
}

package report

import (
	"fmt"
	"html/template"
	"io"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/pipeline"
)

// Report gathers what its page shows. It is used by one goroutine.
type Report struct {
	timeline timeline
	lists    *lists
}

// About says what a page is about.
type About struct {
	Program  string // that writes the page, with its version
	Pipeline string
	Captures []string
	Trouble  error // what the captures lack, or why the replay ended early; may be nil
}

// New returns an empty report.
func New() *Report { return &Report{timeline: newTimeline(), lists: newLists()} }

// Add takes a packet with its verdict, in the order of the replay. A verdict that has a
// reason and no stage is of a packet that was not captured.
func (r *Report) Add(p *pipeline.Packet) {
	r.timeline.add(p.Time, p.Verdict)
	if captured(p.Verdict) {
		r.lists.add(p)
	}
}

// captured reports whether the verdict is the pipeline's.
func captured(v pipeline.Verdict) bool { return v.Forward() || v.Stage != "" }

// Write writes the page. The summary is that of the replay whose packets were added.
func (r *Report) Write(w io.Writer, about About, s *replay.Summary) error {
	t := template.Must(template.New("page").Parse(pageText)) // here: few commands need it
	if err := t.Execute(w, r.page(about, s)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

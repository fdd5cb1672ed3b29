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

// About says what was replayed.
type About struct {
	Test     string // its name; empty: the replay is no test, and the only one of its page
	Pipeline string
	Captures []string
	Failures []string // of the test
	Trouble  error    // what the captures lack, or why the replay ended early; may be nil
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

// Page is a page about a replay or several tests, one below the other.
type Page struct {
	Title   string
	Program string // that writes the page, with its version

	chapters []chapter
}

// Add adds a replay: its report, which is not used any more, and its summary.
func (p *Page) Add(r *Report, about About, s *replay.Summary) {
	p.chapters = append(p.chapters, r.chapter(len(p.chapters)+1, about, s))
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	t := template.Must(template.New("page").Parse(pageText)) // here: few commands need it
	if err := t.Execute(w, p.view()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

package picture

import (
	"fmt"
	"time"
)

// Panel is downloads that were made at the same time.
type Panel struct {
	Title     string
	Note      string
	Downloads []Download // those of one server follow one another
	Verdict   string     // a line that appears at the end
}

// Download is how one of them went.
type Download struct {
	Server string
	Note   string  // about the server; that of its first download is shown
	Part   float64 // that arrived, from 0 to 1
	// First and Last are the times from the request to the first and the last byte.
	First, Last time.Duration
	Hung        bool
}

// Sizes of the picture of downloads, and times of its film.
const (
	panelWidth  = 400
	panelTop    = 84
	lineHeight  = 7
	serverGap   = 6
	lineRoom    = 250
	lineLeft    = 130
	film        = 12 * time.Second // until it begins again
	filmMoves   = 5 * time.Second  // for the slowest download
	filmVerdict = 7 * time.Second  // then the verdict is there
)

// Downloads draws panels beside each other. They share one clock, which is slowed down so
// that the slowest download can be watched.
func Downloads(command string, panels []Panel) string {
	c := &canvas{width: panelWidth*len(panels) + 40}
	var longest time.Duration
	height := 0
	for _, p := range panels {
		height = max(height, p.height())
		for _, d := range p.Downloads {
			longest = max(longest, d.Last)
		}
	}
	slow := float64(filmMoves) / float64(max(longest, 1))
	fmt.Fprintf(&c.style, "  .line { transform-box: fill-box; transform-origin: left; animation-duration: %.0fs; "+
		"animation-iteration-count: infinite; animation-timing-function: linear; }\n", film.Seconds())
	fmt.Fprintf(&c.style, "  .late { animation: late %.0fs infinite step-end; }\n", film.Seconds())
	fmt.Fprintf(&c.style, "  @keyframes late { 0%% { opacity: 0 } %s, 100%% { opacity: 1 } }\n", percent(filmVerdict))
	c.style.WriteString("  @media (prefers-reduced-motion: reduce) { .line, .late { animation: none; } }\n")

	c.text(20, 30, "title", "$ "+command)
	c.textEnd(c.width-20, 30, "note", fmt.Sprintf("slowed down %.0f times", slow))
	label := command
	bottom := panelTop + height + 8
	for i, p := range panels {
		x := 20 + i*panelWidth
		c.text(x, 58, "title", p.Title)
		c.text(x, 76, "note", p.Note)
		c.panel(x, fmt.Sprintf("p%d", i), p, slow)
		c.text(x, bottom+14, "late", p.Verdict)
		label += "; " + p.Title + ": " + p.Verdict
	}
	c.height = bottom + 32
	return c.svg(label)
}

func (p Panel) height() (pixels int) {
	server := ""
	for _, d := range p.Downloads {
		if d.Server != server {
			server = d.Server
			pixels += serverGap
		}
		pixels += lineHeight
	}
	return pixels
}

func (c *canvas) panel(x int, name string, p Panel, slow float64) {
	server := ""
	y := panelTop
	for i, d := range p.Downloads {
		if d.Server != server {
			server = d.Server
			y += serverGap
			c.text(x, y+12, "", server)
			c.text(x, y+26, "note", d.Note)
		}
		c.bar(x+lineLeft, y, lineRoom, lineHeight-2, "track")
		c.line(x+lineLeft, y, fmt.Sprintf("%sd%d", name, i), d, slow)
		y += lineHeight
	}
}

// line draws the part of a download that arrived, or in another colour the one that did not,
// which appears when it is given up.
func (c *canvas) line(x, y int, name string, d Download, slow float64) {
	if d.Hung {
		c.bar(x, y, lineRoom, lineHeight-2, "bad late")
	}
	if d.Part <= 0 {
		return
	}
	onFilm := func(t time.Duration) string { return percent(time.Duration(float64(t) * slow)) }
	fmt.Fprintf(&c.style, "  .%s { animation-name: %s; } @keyframes %s { 0%%, %s { transform: scaleX(0) } %s, 100%% { transform: scaleX(1) } }\n",
		name, name, name, onFilm(d.First), onFilm(max(d.Last, d.First+time.Millisecond)))
	c.bar(x, y, max(int(d.Part*lineRoom), 2), lineHeight-2, "good line "+name)
}

// percent returns a time as a part of the film.
func percent(t time.Duration) string { return fmt.Sprintf("%.2f%%", 100*float64(t)/float64(film)) }

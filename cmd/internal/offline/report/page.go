package report

import (
	"crypto/sha256"
	_ "embed" // the template and the style
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

//go:embed page.html
var pageText string

//go:embed page.css
var style string

// view is what the template shows.
type view struct {
	Title, Program string
	Style          template.CSS
	StyleHash      string // as a Content-Security-Policy takes it
	Contents       bool   // the chapters have titles
	Chapters       []chapter
}

// chapter is about one replay.
type chapter struct {
	ID, Title    string // empty: the chapter has the title of the page
	Pipeline     string
	Captures     []string
	MoreCaptures int
	Failures     []string
	Facts        []fact
	Trouble      string
	Empty        bool // the captures hold no packets
	Sections     []section
}

// fact is a figure of the whole replay.
type fact struct{ Name, Value, Note string }

// section is a picture and its figures.
type section struct {
	ID, Title string
	Text      string // what the picture shows
	Empty     string // said instead of picture and table
	Legend    []legend
	Chart     *chart
	Bars      *bars
	Table     table
	Fold      string // caption of a table that is hidden at first
	Notes     []string
}

// legend explains a colour.
type legend struct{ Class, Label string }

// table is rows of text below their columns. The first cell of a row names it.
type table struct {
	Columns []column
	Rows    [][]string
}

// column is the head of a column.
type column struct {
	Name   string
	Number bool // the column has numbers, which are aligned at the right
}

// Classes of colours, as the style has them.
const (
	classForwarded   = "forwarded"
	classDropped     = "dropped"
	classOtherDrops  = "other"
	classNotCaptured = "absent"
	classGiven       = "given"
)

// maxCaptures is the number of captures that a page names.
const maxCaptures = 20

func (p *Page) view() view {
	hash := sha256.Sum256([]byte(style))
	return view{
		Title: p.Title, Program: p.Program,
		Style: template.CSS(style), StyleHash: base64.StdEncoding.EncodeToString(hash[:]), //nolint:gosec // constant
		Contents: len(p.chapters) > 0 && p.chapters[0].Title != "", Chapters: p.chapters,
	}
}

// chapter returns the nth chapter of a page, from 1.
func (r *Report) chapter(nth int, about About, s *replay.Summary) chapter {
	shown := min(len(about.Captures), maxCaptures)
	p := chapter{
		Title: about.Test, Pipeline: about.Pipeline, Failures: about.Failures,
		Captures: about.Captures[:shown], MoreCaptures: len(about.Captures) - shown,
		Facts: r.facts(s), Empty: s.Packets == 0,
	}
	if about.Trouble != nil {
		p.Trouble = about.Trouble.Error()
	}
	if !p.Empty {
		p.Sections = []section{
			r.timelineSection(), funnelSection(s),
			mtuSection(r.lists.topMTUs()), routerSection(r.lists.topRouters()), clientSection(r.lists.topClients()),
			sinkSection(s),
		}
	}
	if p.Title != "" {
		p.ID = fmt.Sprintf("test-%d", nth)
		for i := range p.Sections {
			p.Sections[i].ID = p.ID + "-" + p.Sections[i].ID
		}
	}
	return p
}

func (r *Report) facts(s *replay.Summary) []fact {
	dropped, absent := packetsOf(s.Dropped), packetsOf(s.NotCaptured)
	facts := []fact{
		{"Packets", readable.Number(s.Packets), r.period()},
		{"Forwarded", readable.Number(s.Forwarded), share(s.Forwarded, s.Packets)},
		{"Dropped", readable.Number(dropped), share(dropped, s.Packets)},
	}
	if absent > 0 {
		facts = append(facts, fact{"Not captured", readable.Number(absent), share(absent, s.Packets)})
	}
	if s.Cut > 0 {
		facts = append(facts, fact{"Cut", readable.Number(s.Cut), "by the capture; the daemon would have seen them whole"})
	}
	var sent uint64
	for _, sink := range s.Sinks {
		sent += sink.Sent
	}
	return append(facts, fact{"Sent", readable.Number(sent), "by all sinks, if this were not a replay"})
}

func packetsOf(counts []replay.Count) (n uint64) {
	for _, c := range counts {
		n += c.Packets
	}
	return n
}

// period says when the packets were captured.
func (r *Report) period() string {
	t := &r.timeline
	if len(t.bins) == 0 {
		return "without timestamps"
	}
	from, to := t.from.Time(), t.to.Time()
	if from.Equal(to) {
		return moment(from, t.width) + " UTC"
	}
	return moment(from, t.width) + " to " + moment(to, t.width) + " UTC, " + length(to.Sub(from).Round(t.width))
}

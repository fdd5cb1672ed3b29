package picture_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/picture"
)

func TestDownloads(t *testing.T) {
	svg := picture.Downloads("make demo", []picture.Panel{
		{Title: "a < b", Verdict: "one hangs", Downloads: []picture.Download{
			{Server: "server0", Part: 1, First: 100 * time.Millisecond, Last: time.Second},
			{Server: "server1", Note: "a note", Hung: true},
		}},
		{Title: "c", Downloads: []picture.Download{{Server: "server0", Part: 0.5, First: time.Second, Last: time.Second}}},
	})
	s := read(t, svg)
	want := []string{"$ make demo", "slowed down 5 times", "a < b", "server0", "server1", "a note", "one hangs", "c", "server0"}
	if diff := cmp.Diff(want, s.texts); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if got := s.classes; got["track"] != 3 || got["bad late"] != 1 || got["good line p0d0"] != 1 || got["good line p1d0"] != 1 {
		t.Errorf("bars are %v", got)
	}
	// The slowest download takes 5 s of a film of 12 s.
	for _, want := range []string{"@keyframes p0d0 { 0%, 4.17% {", "} 41.67%, 100% {", "prefers-reduced-motion", "prefers-color-scheme"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

func TestBars(t *testing.T) {
	s := read(t, picture.Bars(picture.Chart{Title: "CPU", Note: "measured", Groups: []picture.Group{
		{Name: "live", Bars: []picture.Bar{
			{Name: "pmtud", Value: 25, Text: "25 ns", Class: picture.Good},
			{Name: "tcpdump", Value: 100, Text: "100 ns", Class: picture.Plain},
		}},
		{Bars: []picture.Bar{{Name: "nothing", Class: picture.Bad}}},
	}}))
	if diff := cmp.Diff([]string{"CPU", "live", "pmtud", "25 ns", "tcpdump", "100 ns", "nothing", "measured"}, s.texts); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if s.width["plain"] != s.width["track"] || s.width["good"] != s.width["track"]/4 || s.width["bad"] != 2 {
		t.Errorf("widths are %v", s.width)
	}
}

// seen is what is in a picture.
type seen struct {
	texts   []string
	classes map[string]int // numbers of bars
	width   map[string]int // of the last bar of each class
}

// read wants a picture to be sound XML without scripts and with everything on its page.
func read(t *testing.T, svg string) seen {
	t.Helper()
	s := seen{classes: map[string]int{}, width: map[string]int{}}
	var pageWidth, pageHeight int
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return s
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		number := func(name string) int {
			n, _ := strconv.Atoi(attribute(element, name))
			return n
		}
		switch element.Name.Local {
		case "svg":
			pageWidth, pageHeight = number("width"), number("height")
			if attribute(element, "aria-label") == "" {
				t.Error("the picture has no label")
			}
		case "style":
		case "rect":
			class := attribute(element, "class")
			s.classes[class]++
			s.width[class] = number("width")
			if number("x")+number("width") > pageWidth || number("y")+number("height") > pageHeight {
				t.Errorf("a bar is off the page: %v", element.Attr)
			}
		case "text":
			var text string
			if err := d.DecodeElement(&text, &element); err != nil {
				t.Fatal(err)
			}
			s.texts = append(s.texts, text)
			if number("x") >= pageWidth || number("y") >= pageHeight {
				t.Errorf("%q is off the page", text)
			}
		default:
			t.Errorf("there is an element %s", element.Name.Local)
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

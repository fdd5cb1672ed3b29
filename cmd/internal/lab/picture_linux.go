package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/picture"
)

// Picture draws the downloads of two experiments, without and with pmtud, as SVG.
func Picture(without, with Result) string {
	return picture.Downloads("make demo", []picture.Panel{panel("without pmtud", without), panel("with pmtud", with)})
}

func panel(title string, r Result) picture.Panel {
	p := picture.Panel{Title: title, Note: fmt.Sprintf("each bar is a download of %d kB", r.Config.Bytes/1000)}
	p.Verdict = fmt.Sprintf("%d of %d completed", r.Completed, len(r.Downloads))
	if r.Hung > 0 {
		p.Verdict += fmt.Sprintf(", %d hang", r.Hung)
	} else {
		p.Verdict += fmt.Sprintf(" in %.2f s", r.Slowest.Seconds())
	}
	notes := map[string]string{}
	for _, s := range r.Servers {
		if s.PTBs > 0 {
			notes[s.Name] = "gets the PTBs"
		}
	}
	for _, d := range r.Downloads {
		p.Downloads = append(p.Downloads, picture.Download{
			Server: d.Server, Note: notes[d.Server], Part: float64(d.Bytes) / float64(r.Config.Bytes),
			First: d.Recovery, Last: d.Elapsed, Hung: d.Hung,
		})
	}
	slices.SortStableFunc(p.Downloads, func(a, b picture.Download) int { return strings.Compare(a.Server, b.Server) })
	return p
}

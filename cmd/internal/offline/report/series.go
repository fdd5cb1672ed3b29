package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
)

// maxDrops is the number of reasons that have a colour of their own.
const maxDrops = 6

// series is verdicts that share a colour.
type series struct {
	legend
	verdicts []int // of the timeline
}

// in counts the packets of a bin.
func (s series) in(b bin) (n uint64) {
	for _, i := range s.verdicts {
		n += b.at(i)
	}
	return n
}

// shownSeries returns the series of a timeline from the bottom of the picture to its top:
// forwarded, drops with the most frequent first, other drops, not captured.
func (t *timeline) shownSeries() (shown []series) {
	var forwarded, absent, drops []int
	for i, v := range t.order {
		switch {
		case v.Forward():
			forwarded = append(forwarded, i)
		case captured(v):
			drops = append(drops, i)
		default:
			absent = append(absent, i)
		}
	}
	slices.SortFunc(drops, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.totals[b], t.totals[a]), cmp.Compare(label(t.order[a]), label(t.order[b])))
	})
	own := min(len(drops), maxDrops)
	shown = append(shown, series{legend{classForwarded, "forwarded"}, forwarded})
	for i, d := range drops[:own] {
		shown = append(shown, series{legend{fmt.Sprintf("drop%d", i+1), label(t.order[d])}, []int{d}})
	}
	shown = append(shown,
		series{legend{classOtherDrops, "other drops"}, drops[own:]},
		series{legend{classNotCaptured, "not captured"}, absent})
	return slices.DeleteFunc(shown, func(s series) bool { return len(s.verdicts) == 0 })
}

func label(v pipeline.Verdict) string { return v.Stage + ": " + v.Reason }

package page

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control/screen"
	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
)

// Sizes of a chart in units of its picture.
const (
	chartWidth, chartHeight = 720, 190
	chartLeft, chartRight   = 66, 686
	chartTop, chartBottom   = 10, 164
)

// chart is rates of the last hour as a picture.
type chart struct {
	Width, Height int
	Left, Right   int    // where lines begin and end
	TickX, TimeY  int    // where texts are
	Label         string // what the picture shows, for those who do not see it
	Lines         []chartLine
	Ticks         []chartTick // of the rates
	Times         []chartTick
}

type chartLine struct {
	Name, Class, Path string
	Now               string // its last rate
}

type chartTick struct {
	At   int
	Text string
}

// series are the lines of a chart.
var series = []struct {
	name string
	of   func(live.Point) uint64
}{
	{"received", func(p live.Point) uint64 { return p.Received }},
	{"dropped", func(p live.Point) uint64 { return p.Dropped }},
	{"forwarded", func(p live.Point) uint64 { return p.Forwarded }},
	{"lost", func(p live.Point) uint64 { return p.Lost }},
}

// Time that a chart shows at least, and parts that its time is labelled in.
const (
	leastSpan  = 2 * time.Minute
	chartParts = 4
)

// gap is how far apart two points are that no line joins: nothing is known between them.
const gap = 3 * live.PointEvery

func newChart(hour []live.Point, now time.Time) chart {
	c := chart{Width: chartWidth, Height: chartHeight, Left: chartLeft, Right: chartRight, TickX: chartLeft - 6, TimeY: chartHeight - 8}
	if len(hour) < 2 {
		return c
	}
	most := 0.0
	for i := range hour[1:] {
		most = max(most, speed(hour, i+1, series[0].of), speed(hour, i+1, series[3].of))
	}
	top := nice(most)
	span := min(max(now.Sub(hour[0].At), leastSpan), time.Hour)
	c.Label = fmt.Sprintf("Packets per second, at most %s", screen.Rate(most))
	for _, s := range series {
		last := screen.Rate(speed(hour, len(hour)-1, s.of))
		c.Lines = append(c.Lines, chartLine{s.name, s.name, path(hour, now, span, top, s.of), last})
		c.Label += fmt.Sprintf("; %s %s now", s.name, last)
	}
	for _, part := range []float64{0, 0.5, 1} {
		c.Ticks = append(c.Ticks, chartTick{yOf(part*top, top), screen.Rate(part * top)})
	}
	for part := range chartParts + 1 {
		at := now.Add(-span * time.Duration(chartParts-part) / chartParts)
		c.Times = append(c.Times, chartTick{int(xOf(at, now, span)), at.Local().Format("15:04:05")})
	}
	return c
}

// path draws the rates as steps: a rate is the mean between two points.
func path(hour []live.Point, now time.Time, span time.Duration, top float64, of func(live.Point) uint64) string {
	var d strings.Builder
	pen := "M"
	for i := 1; i < len(hour); i++ {
		if hour[i].At.Sub(hour[i-1].At) > gap {
			pen = "M"
			continue
		}
		left, right := xOf(hour[i-1].At, now, span), xOf(hour[i].At, now, span)
		if right > chartLeft {
			y := yOf(speed(hour, i, of), top)
			fmt.Fprintf(&d, "%s%.1f %dH%.1f", pen, max(left, chartLeft), y, right)
			pen = "L"
		}
	}
	return d.String()
}

// speed returns packets a second between a point and the one before.
func speed(hour []live.Point, i int, of func(live.Point) uint64) float64 {
	now, before := of(hour[i]), of(hour[i-1])
	seconds := hour[i].At.Sub(hour[i-1].At).Seconds()
	if now < before || seconds <= 0 {
		return 0
	}
	return float64(now-before) / seconds
}

func xOf(at, now time.Time, span time.Duration) float64 {
	return chartRight - (chartRight-chartLeft)*now.Sub(at).Seconds()/span.Seconds()
}

func yOf(rate, top float64) int {
	return int(math.Round(chartBottom - (chartBottom-chartTop)*min(rate/top, 1)))
}

// nice returns the next larger number of the form 1, 2 or 5 times a power of ten, at least
// 1.
func nice(rate float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(rate, 1))))
	for _, step := range []float64{1, 2, 5} {
		if rate <= step*power {
			return step * power
		}
	}
	return 10 * power
}

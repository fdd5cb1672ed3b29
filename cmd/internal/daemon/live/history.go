package live

import (
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// PointEvery is how far the points of the last hour are apart.
const PointEvery = 10 * time.Second

// Readings that are kept: of the last ten seconds, of the last minute in steps of
// PointEvery, and points of the last hour.
const (
	seconds = 11
	tens    = 7
	points  = int(time.Hour / PointEvery)
)

// History keeps earlier counters of one pipeline in bounded memory.
type History struct {
	seconds, tens []service.Snapshot // oldest first
	hour          []Point
	summary       summary
}

// Point is the sums of a pipeline at a time.
type Point struct {
	At                                 time.Time
	Received, Forwarded, Dropped, Lost uint64
}

// add adds a reading.
func (h *History) add(a service.Snapshot) {
	// These are large and not about rates.
	a.Counters.MTUs4, a.Counters.MTUs6 = pipeline.Histogram{}, pipeline.Histogram{}
	h.seconds = push(h.seconds, a, seconds)
	if n := len(h.tens); n > 0 && a.At.Sub(h.tens[n-1].At) < PointEvery-time.Second/2 {
		return
	}
	h.tens = push(h.tens, a, tens)
	h.hour = push(h.hour, pointOf(a), points)
}

func pointOf(a service.Snapshot) Point {
	p := Point{At: a.At, Received: a.Counters.Received, Forwarded: a.Counters.Forwarded}
	p.Dropped = p.Received - p.Forwarded
	p.Lost = service.Lost(a.Counters)
	return p
}

// push appends to a list of bounded length.
func push[T any](list []T, x T, most int) []T {
	if len(list) == most {
		copy(list, list[1:])
		list[most-1] = x
		return list
	}
	return append(list, x)
}

// before returns the oldest readings of the last ten seconds and of the last minute.
func (h *History) before(now time.Time) (ten, minute service.Snapshot) {
	return oldest(h.seconds, now, 10*time.Second), oldest(h.tens, now, time.Minute)
}

// margin is how much older a reading may be than was asked for.
const margin = time.Second

func oldest(list []service.Snapshot, now time.Time, age time.Duration) service.Snapshot {
	for _, a := range list {
		if now.Sub(a.At) <= age+margin {
			return a
		}
	}
	return service.Snapshot{}
}

// Hour returns the points of the last hour, oldest first.
func (h *History) Hour() []Point { return append([]Point(nil), h.hour...) }

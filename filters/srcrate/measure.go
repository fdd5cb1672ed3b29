package srcrate

import "github.com/pmtud/pmtud/pipeline"

// Indices of the plugin's metrics.
const (
	entriesMetric = iota
	earlyMetric
)

// Measure implements [pipeline.Measurer].
func (f *filter) Measure(emit func(metric int, label string, value float64)) {
	emit(entriesMetric, "", float64(f.entries.Load()))
	emit(earlyMetric, "", float64(f.early.Load()))
}

// countNew counts the source that is about to enter the table, and the one that
// has to go for it.
func (f *filter) countNew(now pipeline.Instant) {
	oldest, full := f.buckets.Oldest()
	switch {
	case !full:
		f.entries.Add(1)
	case !f.rate.Refilled(oldest, now):
		f.early.Add(1)
	}
}

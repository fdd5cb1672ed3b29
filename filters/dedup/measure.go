package dedup

// Indices of the plugin's metrics.
const (
	entriesMetric = iota
	earlyMetric
)

// Measure implements [github.com/pmtud/pmtud/pipeline.Measurer].
func (f *filter) Measure(emit func(metric int, label string, value float64)) {
	emit(entriesMetric, "", float64(f.entries.Load()))
	emit(earlyMetric, "", float64(f.early.Load()))
}

// count counts a new key, which may have taken the place of another one.
func (f *filter) count(evicts, early bool) {
	if !evicts {
		f.entries.Add(1)
	}
	if early {
		f.early.Add(1)
	}
}

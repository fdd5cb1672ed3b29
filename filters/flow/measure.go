package flow

// Indices of the plugin's metrics.
const (
	hereMetric = iota
	queriesMetric
	unknownMetric
)

// Measure is [github.com/pmtud/pmtud/pipeline.Measurer].
func (f *filter) Measure(emit func(metric int, label string, value float64)) {
	emit(hereMetric, "", float64(f.here.Load()))
	emit(queriesMetric, "", float64(f.queries.Load()))
	emit(unknownMetric, "", float64(f.unknown.Load()))
}

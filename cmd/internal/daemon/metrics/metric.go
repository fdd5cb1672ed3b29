package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pmtud/pmtud/pipeline"
)

// described is a metric that Prometheus knows.
type described struct {
	Info
	desc *prometheus.Desc
}

func describe(i Info) described {
	return described{i, prometheus.NewDesc(i.Name, i.Help, i.Labels, nil)}
}

// metric returns a value for Prometheus.
func (d described) metric(v value, labels ...string) prometheus.Metric {
	var m prometheus.Metric
	var err error
	switch {
	case v.histogram != nil:
		m, err = d.histogram(*v.histogram, v.per, labels)
	case d.Type == counter:
		m, err = prometheus.NewConstMetric(d.desc, prometheus.CounterValue, v.number, labels...)
	default:
		m, err = prometheus.NewConstMetric(d.desc, prometheus.GaugeValue, v.number, labels...)
	}
	if err != nil {
		return prometheus.NewInvalidMetric(d.desc, err)
	}
	return m
}

// histogram sums the counts up, as Prometheus has them.
func (d described) histogram(h pipeline.Histogram, per float64, labels []string) (prometheus.Metric, error) {
	buckets := make(map[float64]uint64, len(h.Bounds))
	var sum uint64
	for i, n := range h.Counts {
		sum += n
		if i < len(h.Bounds) {
			buckets[float64(h.Bounds[i])/per] = sum
		}
	}
	return prometheus.NewConstHistogram(d.desc, sum, float64(h.Sum)/per, buckets, labels...)
}

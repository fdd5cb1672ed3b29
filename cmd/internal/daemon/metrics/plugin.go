package metrics

import (
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// pluginInfo describes a metric that a plugin declares: name and labels begin as those
// of the table do.
func pluginInfo(kind pipeline.Kind, plugin string, m pipeline.MetricInfo) Info {
	info := Info{
		Name: "pmtud_" + kind.String() + "_" + strings.ReplaceAll(plugin, "-", "_") + "_" + m.Name,
		Type: m.Type(),
		Help: m.Doc,
	}
	switch kind {
	case pipeline.KindFilter:
		info.Labels = []string{"pipeline", "sink", "stage"}
	default:
		info.Labels = []string{"pipeline", kind.String()}
	}
	if m.Label != "" {
		info.Labels = append(info.Labels, m.Label)
	}
	return info
}

// pluginLabels returns the values of the labels.
func pluginLabels(name string, m pipeline.Measurement) []string {
	labels := []string{name, m.Name}
	if m.Kind == pipeline.KindFilter {
		labels = []string{name, m.Owner, m.Name}
	}
	if m.Metric.Label != "" {
		labels = append(labels, m.Label)
	}
	return labels
}

// Package catalog describes what plugins declare and what configurations may hold: lists for
// people and programs, and a JSON Schema for editors.
package catalog

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// PluginInfo describes a plugin, for people and, as JSON, for programs. Its form
// is stable: fields are only ever added.
type PluginInfo struct {
	Kind     string         `json:"kind"` // source, filter or sink
	Type     string         `json:"type"`
	Summary  string         `json:"summary"`
	Settings []setting.Info `json:"settings"`
	Reasons  []ReasonInfo   `json:"reasons"`
	Metrics  []MetricInfo   `json:"metrics"`
}

// ReasonInfo describes why a plugin drops or fails packets.
type ReasonInfo struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// MetricInfo describes a metric that the plugin has besides its counters. Label is the
// name of what its values are told apart by, or empty.
type MetricInfo struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // counter or gauge
	Label string `json:"label,omitempty"`
	Doc   string `json:"doc"`
}

// Describe returns what a plugin declares.
func Describe(p pipeline.Plugin) PluginInfo {
	info := PluginInfo{
		Kind: p.Kind.String(), Type: p.Type, Summary: p.Summary,
		Settings: setting.Describe(p.NewSettings()),
		Reasons:  []ReasonInfo{}, Metrics: []MetricInfo{},
	}
	for _, r := range p.Reasons {
		info.Reasons = append(info.Reasons, ReasonInfo{r.Name, r.Doc})
	}
	for _, m := range p.Metrics {
		info.Metrics = append(info.Metrics, MetricInfo{m.Name, m.Type(), m.Label, m.Doc})
	}
	return info
}

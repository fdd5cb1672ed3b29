package pipeline

import (
	"fmt"
	"strings"
)

// MetricInfo declares a figure that the stages of a plugin have besides the counters,
// which the engine keeps.
type MetricInfo struct {
	Name string // snake_case, without a prefix, with its unit; counters, and no others, end with _total
	Doc  string // one sentence

	// Label is the name of what distinguishes several values of a stage, such as
	// "peer"; empty if there is one value only. The values of labels come from the
	// configuration, so that their number is bounded.
	Label string
}

// Type returns "counter" for what only grows, by its name, or "gauge".
func (m MetricInfo) Type() string {
	if strings.HasSuffix(m.Name, "_total") {
		return "counter"
	}
	return "gauge"
}

// A Measurer is a stage with metrics.
type Measurer interface {
	// Measure calls emit with each value of each metric that the plugin declares;
	// metric is an index of its Metrics, and label the value of the metric's label
	// or empty. It is safe for concurrent use with everything else that the stage
	// does, and does not wait.
	Measure(emit func(metric int, label string, value float64))
}

// Measurement is one value of one stage's metric.
type Measurement struct {
	StageID
	Plugin string // its type
	Metric MetricInfo
	Label  string
	Value  float64
}

// Measure calls emit with each value of the stages' own metrics. It is safe for
// concurrent use. A stage that panics fails the pipeline.
func (p *Pipeline) Measure(emit func(Measurement)) {
	for _, s := range p.stages {
		if err := guard(func() error { s.measure(emit); return nil }); err != nil {
			p.mu.Lock()
			p.fail(fmt.Errorf("%v %s: %w", s.Kind, s.Name, err))
			p.mu.Unlock()
		}
	}
}

func (s *built) measure(emit func(Measurement)) {
	m, ok := s.stage.(Measurer)
	if !ok {
		return
	}
	m.Measure(func(metric int, label string, value float64) {
		if metric < 0 || metric >= len(s.plugin.Metrics) {
			return // none that was declared
		}
		emit(Measurement{s.StageID, s.plugin.Type, s.plugin.Metrics[metric], label, value})
	})
}

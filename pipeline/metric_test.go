package pipeline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
)

// The stages of this test measure themselves: they emit a value of each metric, and
// some of metrics that they did not declare.
type (
	measuredSource struct {
		source
		value float64
	}
	measuredFilter struct {
		filter
		value float64
	}
	measuredSink struct {
		sink
		value float64
	}
)

func (s measuredSource) Measure(emit func(int, string, float64)) { emitAll(s.value, emit) }
func (f measuredFilter) Measure(emit func(int, string, float64)) { emitAll(f.value, emit) }
func (s measuredSink) Measure(emit func(int, string, float64))   { emitAll(s.value, emit) }

func emitAll(value float64, emit func(metric int, label string, value float64)) {
	emit(-1, "", 99)
	emit(0, "", -value)
	emit(1, "a", value)
	emit(2, "", 99)
}

// TestMeasure has stages of every kind, a filter of the first sink and one of another
// among them.
func TestMeasure(t *testing.T) {
	metrics := []pipeline.MetricInfo{{Name: "less", Doc: "the value below zero"}, {Name: "value", Doc: "a value", Label: "of"}}
	declared := func(s pipeline.Stage) pipeline.Stage {
		s.Plugin.Metrics = metrics
		return s
	}
	sinkOf := func(name string, value float64, filters ...pipeline.Stage) pipeline.SinkStage {
		s := sinkStage(name, measuredSink{value: value}, filters...)
		s.Stage = declared(s.Stage)
		return s
	}
	p, err := pipeline.New(pipeline.Spec{
		Sources: []pipeline.Stage{declared(live("in", measuredSource{value: 1})), live("undeclared", measuredSource{})},
		Filters: []pipeline.Stage{declared(filterStage("f", measuredFilter{value: 2})), declared(filterStage("plain", filter{}))},
		Sinks: []pipeline.SinkStage{
			sinkOf("first", 3, declared(filterStage("own", measuredFilter{value: 4}))),
			sinkOf("second", 5, declared(filterStage("own", measuredFilter{value: 6}))),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[float64]pipeline.Measurement{}
	p.Measure(func(m pipeline.Measurement) {
		metric, label := metrics[1], "a"
		if m.Value < 0 {
			metric, label = metrics[0], ""
		}
		if diff := cmp.Diff(metric, m.Metric); diff != "" || m.Label != label {
			t.Errorf("label %q, metric (-want +got):\n%s", m.Label, diff)
		}
		value := m.Value
		m.Metric, m.Label, m.Value = pipeline.MetricInfo{}, "", 0
		got[value] = m
	})
	want := map[float64]pipeline.Measurement{
		1: {StageID: pipeline.StageID{Kind: pipeline.KindSource, Sink: -1, Name: "in"}, Plugin: "test-source"},
		2: {StageID: pipeline.StageID{Kind: pipeline.KindFilter, Sink: -1, Name: "f"}, Plugin: "test-filter"},
		3: {StageID: pipeline.StageID{Kind: pipeline.KindSink, Sink: -1, Name: "first"}, Plugin: "test-sink"},
		4: {StageID: pipeline.StageID{Kind: pipeline.KindFilter, Sink: 0, Owner: "first", Name: "own"}, Plugin: "test-filter"},
		5: {StageID: pipeline.StageID{Kind: pipeline.KindSink, Sink: -1, Index: 1, Name: "second"}, Plugin: "test-sink"},
		6: {StageID: pipeline.StageID{Kind: pipeline.KindFilter, Sink: 1, Owner: "second", Name: "own"}, Plugin: "test-filter"},
	}
	for value := 1.0; value <= 6; value++ {
		want[-value] = want[value]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measurements by value (-want +got):\n%s", diff)
	}
}

func TestMetricType(t *testing.T) {
	for name, want := range map[string]string{"lost_total": "counter", "entries": "gauge", "total_entries": "gauge"} {
		if got := (pipeline.MetricInfo{Name: name}).Type(); got != want {
			t.Errorf("%s is a %s, want %s", name, got, want)
		}
	}
}

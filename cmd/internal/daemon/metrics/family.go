package metrics

import (
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/daemon/health"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
)

// family is a metric with its labels: one row of the table.
type family struct {
	info Info
	read func(s *snapshot, put put)
}

// Info describes a metric.
type Info struct {
	Name   string
	Type   string // counter, gauge or histogram
	Labels []string
	Help   string
}

// Types of metrics.
const (
	counter   = "counter"
	gauge     = "gauge"
	histogram = "histogram"
)

// put takes a value with the values of the labels.
type put func(v value, labels ...string)

// value is a number, or a histogram of which so many units are one of the metric's.
type value struct {
	number    float64
	histogram *pipeline.Histogram
	per       float64
}

func number[T uint64 | float64](n T) value { return value{number: float64(n)} }

func boolValue(b bool) value {
	if b {
		return value{number: 1}
	}
	return value{}
}

// snapshot is what all metrics of one scrape are read from.
type snapshot struct {
	status   service.Status
	findings []health.Finding
	counters []pipeline.Counters // of the pipelines that answered
}

// Of a metric that exists once.
func single(kind, name, help string, read func(s *snapshot) value) family {
	return family{Info{name, kind, nil, help}, func(s *snapshot, put put) { put(read(s)) }}
}

// Of each pipeline.
func perPipeline(kind, name, help string, read func(c pipeline.Counters) value) family {
	return family{Info{name, kind, []string{"pipeline"}, help}, func(s *snapshot, put put) {
		for _, c := range s.counters {
			put(read(c), c.Pipeline)
		}
	}}
}

// heard returns the servers that were heard.
func (s *snapshot) heard() []canary.Peer {
	if s.status.Hearing == nil {
		return nil
	}
	return s.status.Hearing.Peers
}

// Of each server that was heard.
func perHeard(name, help string, read func(p canary.Peer) value) family {
	return family{Info{name, gauge, []string{"peer"}, help}, func(s *snapshot, put put) {
		for _, p := range s.heard() {
			put(read(p), p.Name)
		}
	}}
}

// Of each source.
func perSource(name, help string, read func(c pipeline.SourceCount) uint64) family {
	return family{Info{name, counter, []string{"pipeline", "source"}, help}, func(s *snapshot, put put) {
		for _, c := range s.counters {
			for _, source := range c.Sources {
				put(number(read(source)), c.Pipeline, source.Source)
			}
		}
	}}
}

// Of each sink.
func perSink(kind, name, help string, read func(c pipeline.SinkCount) value) family {
	return family{Info{name, kind, []string{"pipeline", "sink"}, help}, func(s *snapshot, put put) {
		for _, c := range s.counters {
			for _, sink := range c.Sinks {
				put(read(sink), c.Pipeline, sink.Sink)
			}
		}
	}}
}

// Of each reason of each sink.
func perSinkReason(name, help string, read func(c pipeline.SinkCount) []pipeline.ReasonCount) family {
	return family{Info{name, counter, []string{"pipeline", "sink", "reason"}, help}, func(s *snapshot, put put) {
		for _, c := range s.counters {
			for _, sink := range c.Sinks {
				for _, r := range read(sink) {
					put(number(r.Packets), c.Pipeline, sink.Sink, r.Reason)
				}
			}
		}
	}}
}

// drops puts the packets that filters dropped, by stage and reason.
func drops(stages []pipeline.StageCount, put put, labels ...string) {
	for _, stage := range stages {
		for _, r := range stage.Reasons {
			put(number(r.Packets), slices.Concat(labels, []string{stage.Stage, r.Reason})...)
		}
	}
}

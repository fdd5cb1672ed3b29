package service

import (
	"log/slog"

	"github.com/pmtud/pmtud/pipeline"
)

// logFinalCounters logs the final counters of pipelines that were opened. It skips those
// that were left behind: their counters may still change, or not be readable.
func (s *Service) logFinalCounters(workers []*worker) {
	for _, w := range workers {
		if w.opening != nil && w.hasEnded() {
			logCounters(s.Log, w.pipeline.Counters())
		}
	}
}

// logCounters logs the final counters of a pipeline: its sums, and each reason that is
// not zero.
func logCounters(log *slog.Logger, c pipeline.Counters) {
	log = log.With("pipeline", c.Pipeline)
	log.Info("pipeline stopped", "received", c.Received, "forwarded", c.Forwarded,
		"dropped", sumStages(c.Dropped), "lost", Lost(c))
	logDropped(log, c.Dropped)
	for _, s := range c.Sinks {
		logSink(log.With("sink", s.Sink), s)
	}
}

func logSink(log *slog.Logger, s pipeline.SinkCount) {
	log.Info("sink stopped", "offered", s.Offered, "delivered", s.Delivered,
		"failed", sum(s.Failed), "shed", sum(s.Shed), "dropped", sumStages(s.Dropped))
	logDropped(log, s.Dropped)
	logReasons(log, "failed", s.Failed)
	logReasons(log, "shed", s.Shed)
}

func logDropped(log *slog.Logger, stages []pipeline.StageCount) {
	for _, s := range stages {
		logReasons(log.With("stage", s.Stage), "dropped", s.Reasons)
	}
}

func logReasons(log *slog.Logger, what string, reasons []pipeline.ReasonCount) {
	for _, r := range reasons {
		if r.Packets > 0 {
			log.Info(what, "reason", r.Reason, "packets", r.Packets)
		}
	}
}

// Lost returns how many packets a pipeline lost before its sources could read them.
func Lost(c pipeline.Counters) (n uint64) {
	for _, s := range c.Sources {
		n += s.Lost
	}
	return n
}

func sumStages(stages []pipeline.StageCount) (n uint64) {
	for _, s := range stages {
		n += sum(s.Reasons)
	}
	return n
}

func sum(reasons []pipeline.ReasonCount) (n uint64) {
	for _, r := range reasons {
		n += r.Packets
	}
	return n
}

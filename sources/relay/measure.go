package relay

import (
	"sync/atomic"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/sealed"
)

// Reasons to refuse a datagram beside the faults of package sealed.
const (
	notAllowed = iota + sealed.Faults
	repeated
	reasons // the number of them, with sealed.OK
)

func reasonName(r sealed.Fault) string {
	switch r {
	case notAllowed:
		return "not-allowed"
	case repeated:
		return "repeated"
	}
	return r.String()
}

// counts of datagrams. Run writes them, anyone may read them.
type counts struct {
	received atomic.Uint64
	refused  [reasons]atomic.Uint64
	senders  atomic.Int64
}

// Metrics, in the order of their declaration.
const (
	receivedDatagrams = iota
	refusedDatagrams
	knownSenders
)

func metrics() []pipeline.MetricInfo {
	return []pipeline.MetricInfo{
		receivedDatagrams: {Name: "received_datagrams_total", Doc: "datagrams received"},
		refusedDatagrams: {
			Name: "refused_datagrams_total", Label: "reason",
			Doc: "datagrams refused: malformed, unknown-key, replayed, forged, too-old, not-ip, not-allowed by from, or repeated (the same packet was received before)",
		},
		knownSenders: {Name: "senders", Doc: "senders remembered; one that restarts counts as a new one"},
	}
}

// Measure is [pipeline.Measurer].
func (c *counts) Measure(emit func(metric int, label string, value float64)) {
	emit(receivedDatagrams, "", float64(c.received.Load()))
	for r := sealed.OK + 1; r < reasons; r++ {
		emit(refusedDatagrams, reasonName(r), float64(c.refused[r].Load()))
	}
	emit(knownSenders, "", float64(c.senders.Load()))
}

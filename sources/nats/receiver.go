package nats

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// Reasons to refuse a message beside the faults of package natslink.
const (
	own = iota + natslink.Faults
	repeated
	reasons // the number of them, with natslink.OK
)

func reasonName(r natslink.Fault) string {
	switch r {
	case own:
		return "own"
	case repeated:
		return "repeated"
	}
	return r.String()
}

// receiver decides about messages. It belongs to the goroutine of Run, but for its counts.
type receiver struct {
	reader             *natslink.Reader
	published, arrived *seen.Memory
	log                *slog.Logger

	received atomic.Uint64
	refused  [reasons]atomic.Uint64
}

// receive fills p with the packet of a message, unless it is refused. The packet's bytes lie
// within the message.
func (r *receiver) receive(p *pipeline.Packet, message []byte, now time.Time) bool {
	r.received.Add(1)
	ip, fault := r.reader.Open(message, now)
	if fault != natslink.OK {
		r.refuse(fault)
		return false
	}
	if r.published.Has(r.published.Packet(ip), now.UnixNano()) {
		r.refuse(own)
		return false
	}
	if r.arrived.Add(r.arrived.Packet(ip), now.UnixNano()) {
		r.refuse(repeated)
		return false
	}
	*p = pipeline.Packet{
		Data: ip, Length: len(ip), Time: pipeline.InstantOf(now),
		LinkType: linklayer.Raw, Origin: pipeline.OriginRelay,
	}
	return true
}

// mistakes say what to do about messages that are refused, where somebody can do something.
var mistakes = [reasons]string{
	natslink.TooLarge:     "somebody else publishes to the subject; see the server's permissions",
	natslink.OtherVersion: "another version of pmtud, or somebody else, publishes to the subject",
	natslink.NotSealed:    "a host publishes without `key`",
	natslink.UnknownKey:   "a host has another `key`, or this one has none",
	natslink.Malformed:    "somebody else publishes to the subject; see the server's permissions",
	natslink.Forged:       "somebody without the key publishes to the subject; see the server's permissions",
	natslink.TooOld:       "it is a replay, it was delayed, or the clocks of the two hosts differ by more than `max_age`",
}

// refuse counts a message, and logs the first one that shows a mistake.
func (r *receiver) refuse(why natslink.Fault) {
	if n := r.refused[why].Add(1); n == 1 && mistakes[why] != "" {
		r.log.Warn("a message is refused: "+mistakes[why], "reason", reasonName(why))
	}
}

// Metrics that the source has besides those of its link.
const (
	receivedMessages = iota + natslink.OwnMetrics
	refusedMessages
)

func metrics() []pipeline.MetricInfo {
	return append(
		natslink.Metrics(),
		pipeline.MetricInfo{Name: "received_messages_total", Doc: "messages received"},
		pipeline.MetricInfo{
			Name: "refused_messages_total", Label: "reason",
			Doc: "messages refused: too-large, other-version, not-sealed, unknown-key, malformed, replayed, forged, too-old, not-ip, own (published by this program) or repeated (the same packet was received before)",
		},
	)
}

// Measure is [pipeline.Measurer].
func (s *source) Measure(emit func(metric int, label string, value float64)) {
	s.Link.Measure(emit)
	emit(receivedMessages, "", float64(s.received.Load()))
	for r := natslink.OK + 1; r < reasons; r++ {
		emit(refusedMessages, reasonName(r), float64(s.refused[r].Load()))
	}
}

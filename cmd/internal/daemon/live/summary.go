package live

import (
	"log/slog"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

const (
	// summaryEvery is how often a line says that many packets are dropped, while they are.
	summaryEvery = 30 * time.Second

	// manyPackets is how many that are, in this time.
	manyPackets = 100
)

// notPTB is the reason of packets that are no business of the program. A wide netfilter
// rule brings many, and nobody needs to know.
const notPTB = "not-ptb"

// summary logs what becomes of many packets of one pipeline.
type summary struct {
	last service.Snapshot // counters of the last time; there are none before the first
}

// tick logs what was dropped and not delivered since the last time, if it is time and these
// are many. Since is when the pipeline was opened.
func (s *summary) tick(log *slog.Logger, now service.Snapshot, since time.Time) {
	before := s.last
	if !before.OK {
		before.At = since
	}
	took := now.At.Sub(before.At)
	if took < summaryEvery {
		return
	}
	s.last = now
	log = log.With("pipeline", now.Counters.Pipeline, "in", took.Round(time.Second))
	dropped, most, why := grown(now.Counters.Dropped, before.Counters.Dropped)
	if dropped >= manyPackets {
		log.Info("many packets are dropped", "dropped", dropped, "of", now.Counters.Received-before.Counters.Received, "most_by", why, "these", most)
	}
	if n := service.Lost(now.Counters) - service.Lost(before.Counters); n > 0 {
		log.Warn("packets are lost before they can be read", "lost", n)
	}
	for i, sink := range now.Counters.Sinks {
		var earlier pipeline.SinkCount
		if i < len(before.Counters.Sinks) {
			earlier = before.Counters.Sinks[i]
		}
		failed, most, why := grown(
			[]pipeline.StageCount{{Stage: "failed", Reasons: sink.Failed}, {Stage: "shed", Reasons: sink.Shed}},
			[]pipeline.StageCount{{Reasons: earlier.Failed}, {Reasons: earlier.Shed}},
		)
		if failed >= manyPackets {
			log.Warn("many packets are not delivered", "sink", sink.Sink, "packets", failed, "most_by", why, "these", most)
		}
	}
}

// grown returns how many packets have come to counters, and of which reason most have.
func grown(now, before []pipeline.StageCount) (all, most uint64, why string) {
	for i, stage := range now {
		for j, r := range stage.Reasons {
			n := r.Packets
			if i < len(before) && j < len(before[i].Reasons) {
				n -= before[i].Reasons[j].Packets
			}
			if r.Reason == notPTB {
				continue
			}
			all += n
			if n > most {
				most, why = n, stage.Stage+": "+r.Reason
			}
		}
	}
	return all, most, why
}

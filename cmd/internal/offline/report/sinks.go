package report

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// sinkSection shows what the sinks would have sent.
func sinkSection(s *replay.Summary) section {
	out := section{
		ID: "sinks", Title: "Sinks", Bars: &bars{},
		Text:   "Packets that each sink would have sent. It may send a packet several times, to several hosts.",
		Legend: []legend{{classForwarded, "sent"}, {classDropped, "not sent"}, {classGiven, "given to a sink that sends nothing"}},
		Table: table{Columns: []column{
			{"sink", false}, {"given", true}, {"sent", true}, {"not sent", true}, {"reason", false},
		}},
	}
	if len(s.Sinks) == 0 {
		out.Empty = "The pipeline has no sinks."
		return out
	}
	most := uint64(1)
	for _, sink := range s.Sinks {
		most = max(most, shownBy(sink))
	}
	for _, sink := range s.Sinks {
		failed := packetsOf(sink.Failed)
		if !sink.Sends {
			out.Bars.add(sink.Sink, readable.Number(sink.Got)+" given", most, amount{classGiven, "given", sink.Got})
			out.Table.Rows = append(out.Table.Rows, []string{sink.Sink, readable.Number(sink.Got), "sends nothing", "", ""})
			continue
		}
		out.Bars.add(sink.Sink, readable.Number(sink.Sent)+" sent", most,
			amount{classForwarded, "sent", sink.Sent}, amount{classDropped, "not sent", failed})
		out.Table.Rows = append(out.Table.Rows, []string{
			sink.Sink, readable.Number(sink.Got), readable.Number(sink.Sent), readable.Number(failed), reasons(sink.Failed),
		})
	}
	return out
}

// shownBy returns the length of a sink's bar.
func shownBy(sink replay.SinkSummary) uint64 {
	if !sink.Sends {
		return sink.Got
	}
	return sink.Sent + packetsOf(sink.Failed)
}

func reasons(counts []replay.Count) string {
	var parts []string
	for _, c := range counts {
		parts = append(parts, fmt.Sprintf("%s: %s", c.Reason, readable.Number(c.Packets)))
	}
	return strings.Join(parts, ", ")
}

package report

import (
	"github.com/pmtud/pmtud/cmd/internal/offline/replay"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// funnelSection shows how many packets each stage lets pass.
func funnelSection(s *replay.Summary) section {
	out := section{
		ID: "funnel", Title: "Stages", Bars: &bars{},
		Text:   "Packets that reach each filter, in the order of the filters, and those that it drops.",
		Legend: []legend{{classForwarded, "passed"}, {classDropped, "dropped"}, {classNotCaptured, "not captured"}},
		Table: table{Columns: []column{
			{"stage", false}, {"what", false}, {"packets", true}, {"share", true},
		}},
	}
	line := func(stage, what string, n uint64) {
		out.Table.Rows = append(out.Table.Rows, []string{stage, what, readable.Number(n), share(n, s.Packets)})
	}
	absent := packetsOf(s.NotCaptured)
	left := s.Packets - absent
	out.Bars.add("captures", readable.Number(s.Packets), s.Packets,
		amount{classForwarded, "captured", left}, amount{classNotCaptured, "not captured", absent})
	line("captures", "packets", s.Packets)
	for _, c := range s.NotCaptured {
		line("captures", "not captured: "+c.Reason, c.Packets)
	}
	for _, filter := range s.Filters {
		var dropped uint64
		for _, c := range s.Dropped {
			if c.Stage == filter {
				dropped += c.Packets
				line(filter, c.Reason, c.Packets)
			}
		}
		if dropped == 0 {
			line(filter, "drops nothing", 0)
		}
		out.Bars.add(filter, readable.Number(left-dropped)+" of "+readable.Number(left), s.Packets,
			amount{classForwarded, "passed", left - dropped}, amount{classDropped, "dropped", dropped})
		left -= dropped
	}
	out.Bars.add("forwarded", readable.Number(s.Forwarded), s.Packets, amount{classForwarded, "forwarded", s.Forwarded})
	line("forwarded", "packets", s.Forwarded)
	return out
}

package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Summary is what a replay came to.
type Summary struct {
	Packets     uint64 // of the captures: forwarded, dropped and not captured
	Forwarded   uint64
	Filters     []string // of the pipeline, in their order
	Dropped     []Count  // by stage and reason, those that occurred
	NotCaptured []Count  // that the source would not have delivered, by reason
	Cut         uint64   // that lack bytes which the source would have delivered
	Sinks       []SinkSummary
}

// Count is a number of packets that a stage dropped for a reason. The stage is empty
// for those that were not captured.
type Count struct {
	Stage, Reason string
	Packets       uint64
}

// SinkSummary is what a sink would have done.
type SinkSummary struct {
	Sink   string
	Got    uint64  // packets that it would have been given
	Sends  bool    // whether it is a sink that sends
	Sent   uint64  // packets that it would have sent
	Failed []Count // those that it would have refused, by reason
}

func (r *replay) summary() *Summary {
	c := r.pipeline.Counters()
	s := &Summary{Packets: r.packets, Forwarded: c.Forwarded, Cut: r.cut}
	for _, why := range slices.Sorted(maps.Keys(r.absent)) {
		s.NotCaptured = append(s.NotCaptured, Count{Reason: why, Packets: r.absent[why]})
	}
	for _, stage := range c.Dropped {
		s.Filters = append(s.Filters, stage.Stage)
		for _, reason := range stage.Reasons {
			if reason.Packets > 0 {
				s.Dropped = append(s.Dropped, Count{stage.Stage, reason.Reason, reason.Packets})
			}
		}
	}
	for _, sink := range r.recorder.sinks {
		s.Sinks = append(s.Sinks, sink.summary())
	}
	return s
}

func (s *sinkRecord) summary() SinkSummary {
	out := SinkSummary{Sink: s.name, Got: s.got, Sends: s.sink != nil, Sent: s.sent}
	for i, n := range s.failed {
		if n > 0 {
			out.Failed = append(out.Failed, Count{s.name, s.reasons[i-1].Name, n})
		}
	}
	return out
}

// Print writes the summary as a table.
func (s *Summary) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "packets\t%d\n", s.Packets)
	fmt.Fprintf(t, "forwarded\t%d\n", s.Forwarded)
	for _, c := range s.Dropped {
		fmt.Fprintf(t, "dropped\t%d\t%s: %s\n", c.Packets, c.Stage, c.Reason)
	}
	for _, c := range s.NotCaptured {
		fmt.Fprintf(t, "not captured\t%d\t%s\n", c.Packets, c.Reason)
	}
	if s.Cut > 0 {
		fmt.Fprintf(t, "cut\t%d\tby the capture; the daemon would have seen them whole\n", s.Cut)
	}
	for _, sink := range s.Sinks {
		if sink.Sends {
			fmt.Fprintf(t, "sent\t%d\t%s, for %s\n", sink.Sent, sink.Sink, readable.Count(sink.Got, "packet"))
		} else {
			fmt.Fprintf(t, "given\t%d\t%s, which sends nothing\n", sink.Got, sink.Sink)
		}
		for _, c := range sink.Failed {
			fmt.Fprintf(t, "not sent\t%d\t%s: %s\n", c.Packets, c.Stage, c.Reason)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print summary: %w", err)
	}
	return nil
}

package replaytest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
)

// counts compares the numbers.
func (e *Expect) counts(s *replay.Summary) []string {
	var d differences
	if e.Packets != nil {
		d.compare("packets", *e.Packets, s.Packets)
	}
	if e.Forwarded != nil {
		d.compare("forwarded", *e.Forwarded, s.Forwarded)
	}
	if e.Dropped != nil {
		d.compareAll("dropped ", flat(e.Dropped), dropped(s))
	}
	if e.NotCaptured != nil {
		d.compareAll("not captured ", e.NotCaptured, notCaptured(s))
	}
	if e.Sent != nil {
		d.compareAll("sent ", e.Sent, sent(s))
	}
	return d
}

type differences []string

func (d *differences) compare(what string, want, got uint64) {
	if want != got {
		*d = append(*d, fmt.Sprintf("%s: expected %d, got %d", what, want, got))
	}
}

// compareAll compares what is in either map; what is missing counts 0.
func (d *differences) compareAll(what string, want, got map[string]uint64) {
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d.compare(what+name, want[name], got[name])
	}
}

func flat(dropped map[string]map[string]uint64) map[string]uint64 {
	out := map[string]uint64{}
	for stage, reasons := range dropped {
		for reason, n := range reasons {
			out[stage+": "+reason] = n
		}
	}
	return out
}

func dropped(s *replay.Summary) map[string]uint64 {
	out := map[string]uint64{}
	for _, c := range s.Dropped {
		out[c.Stage+": "+c.Reason] = c.Packets
	}
	return out
}

func notCaptured(s *replay.Summary) map[string]uint64 {
	out := map[string]uint64{}
	for _, c := range s.NotCaptured {
		out[c.Reason] = c.Packets
	}
	return out
}

// sent leaves out sinks that send nothing, so that they need not be named.
func sent(s *replay.Summary) map[string]uint64 {
	out := map[string]uint64{}
	for _, sink := range s.Sinks {
		if sink.Sends {
			out[sink.Sink] = sink.Sent
		}
	}
	return out
}

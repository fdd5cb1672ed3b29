package pipeline

import (
	"fmt"
	"runtime/debug"
)

// Counters is a snapshot of a pipeline's books; see the package's documentation
// for the sums that hold.
type Counters struct {
	Pipeline  string
	Received  uint64
	Forwarded uint64
	Dropped   []StageCount // in the order of the filters
	Sources   []SourceCount
	Sinks     []SinkCount
}

// SourceCount counts the packets of one source.
type SourceCount struct {
	Source   string
	Received uint64
	Lost     uint64 // before the source could read them, where it knows
}

// StageCount counts the packets that one stage dropped, by reason in the order of
// declaration, the engine's reasons last.
type StageCount struct {
	Stage   string
	Reasons []ReasonCount
}

// SinkCount counts the packets of one sink.
type SinkCount struct {
	Sink      string
	Offered   uint64       // what the pipeline forwarded (and dropped, to an Observer of drops)
	Dropped   []StageCount // by the sink's own filters
	Delivered uint64
	Failed    []ReasonCount
	Shed      []ReasonCount
	Queued    uint64 // still waiting or being delivered
}

// ReasonCount is a number of packets with one reason.
type ReasonCount struct {
	Reason  string
	Packets uint64
}

// Counters returns the books as they are between two batches.
func (p *Pipeline) Counters() Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Counters{
		Pipeline: p.name, Received: p.received, Forwarded: p.forwarded,
		Dropped: p.filters.counts(),
	}
	for _, s := range p.sources {
		sc := SourceCount{Source: s.name, Received: s.received}
		if l, ok := s.source.(LossySource); ok {
			sc.Lost = l.Lost()
		}
		c.Sources = append(c.Sources, sc)
	}
	for _, s := range p.sinks {
		c.Sinks = append(c.Sinks, s.counts())
	}
	return c
}

func reasonCounts(reasons []string, counts []uint64) []ReasonCount {
	out := make([]ReasonCount, 0, len(reasons)-1)
	for i := 1; i < len(reasons); i++ {
		out = append(out, ReasonCount{reasons[i], counts[i]})
	}
	return out
}

// panicError describes a recovered panic, with its stack for the plugin's author.
func panicError(value any) error {
	return fmt.Errorf("panic: %v\n%s", value, debug.Stack())
}

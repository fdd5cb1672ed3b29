package pipeline

import (
	"fmt"
	"runtime/debug"

	"github.com/pmtud/pmtud/pipeline/canary"
)

// Counters is a snapshot of what a pipeline has counted; see the package's documentation
// for the sums that hold.
type Counters struct {
	Pipeline  string
	Received  uint64
	Forwarded uint64
	Dropped   []StageCount // in the order of the filters, then by the engine if it dropped any
	Sources   []SourceCount
	Sinks     []SinkCount

	// Bytes of packets as they were on the wire. Those of packets that a source left
	// unread ([Env]) are unknown.
	ReceivedBytes, ForwardedBytes uint64

	// MTUs4 and MTUs6 count the next-hop MTUs, in bytes, of forwarded PTBs of IPv4
	// and IPv6.
	MTUs4, MTUs6 Histogram
}

// SourceCount counts the packets of one source.
type SourceCount struct {
	Source   string
	Received uint64
	Bytes    uint64 // of Counters.ReceivedBytes
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
	Offered   uint64       // what the pipeline forwarded (and dropped, to a sink that wants them)
	Dropped   []StageCount // by the sink's own filters
	Delivered uint64
	Failed    []ReasonCount
	Shed      []ReasonCount
	Queued    uint64 // still waiting or being delivered
	Waiting   uint64 // of these, the part that waits
	QueueSize uint64 // how many can wait

	// Delay counts the time from the capture of each delivered packet to the end of
	// the call that delivered it, in nanoseconds. It has no bounds in a pipeline with
	// a source that can wait: its packets may be of any age.
	Delay Histogram

	Canaries canary.Count // zero of a sink that sends nothing to other hosts
}

// ReasonCount is a number of packets with one reason.
type ReasonCount struct {
	Reason  string
	Packets uint64
}

// Counters returns the counters as they are between two batches.
func (p *Pipeline) Counters() Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Counters{
		Pipeline: p.name, Received: p.received, Forwarded: p.forwarded,
		Dropped: p.filters.counts(), ForwardedBytes: p.forwardedBytes,
		MTUs4: p.mtus4.snapshot(), MTUs6: p.mtus6.snapshot(),
	}
	if p.canaries > 0 {
		c.Dropped = append(c.Dropped, StageCount{engineStage, []ReasonCount{{reasonCanary, p.canaries}}})
	}
	for _, s := range p.sources {
		sc := SourceCount{Source: s.name, Received: s.received, Bytes: s.bytes}
		c.ReceivedBytes += s.bytes
		if l, ok := s.source.(LossySource); ok {
			sc.Lost = p.lost(s, l)
		}
		c.Sources = append(c.Sources, sc)
	}
	for _, s := range p.sinks {
		c.Sinks = append(c.Sinks, s.counts())
	}
	return c
}

// lost asks a source how many packets were lost.
func (p *Pipeline) lost(s *sourceStage, l LossySource) (n uint64) {
	err := guard(func() error { n = l.Lost(); return nil })
	if err != nil {
		p.fail(fmt.Errorf("source %s: %w", s.name, err))
	}
	return n
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

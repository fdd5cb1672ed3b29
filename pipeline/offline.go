package pipeline

import "slices"

// A Reshaper is a Source that can tell how it would have delivered a packet that
// was captured by other means, so that a capture can stand for it.
type Reshaper interface {
	Source

	// Reshape changes p to what the source would have delivered. It may cut Data, not
	// change its bytes. It needs no Open. If the source would have delivered nothing,
	// absent says why in one word, for example "outgoing"; else it is empty.
	Reshape(p *Packet) (absent string)
}

// A Rehearser is a Sink that can show what it would send without sending it.
type Rehearser interface {
	Sink

	// Rehearse does with p what Deliver would do, but calls record with each
	// packet instead of sending it; the octets are lent for the length of the
	// call. What only a host can know (its addresses, its neighbours) is left
	// zero. Reasons are those of Deliver, as far as p alone gives cause for them.
	// It needs no Open.
	Rehearse(p *Packet, record func(link LinkType, octets []byte)) Reason
}

// Source returns the pipeline's source number i.
func (p *Pipeline) Source(i int) Source { return p.sources[i].source }

// Sinks returns the names of the pipeline's sinks and the sinks, in the order of
// the configuration.
func (p *Pipeline) Sinks() (names []string, sinks []Sink) {
	for _, s := range p.sinks {
		names = append(names, s.name)
		sinks = append(sinks, s.sink)
	}
	return names, sinks
}

// SinkReasons returns the reasons that sink number i declares.
func (p *Pipeline) SinkReasons(i int) []string {
	reasons := p.sinks[i].reasons
	return reasons[1 : len(reasons)-2]
}

// SinksFilter reports whether any sink has filters of its own, so that sinks may
// get different packets.
func (p *Pipeline) SinksFilter() bool {
	return slices.ContainsFunc(p.sinks, func(s *sinkStage) bool { return len(s.filters.filters) > 0 })
}

// Decide takes one packet of the first source through the filters, on a pipeline
// that is neither open nor running, and sets its Verdict. It sets got to whether
// each sink would have been offered the packet, and appends to it as needed. The
// books count the packet but for what sinks do with it. An error is the panic of a
// filter, after which the pipeline must not be used any more.
func (p *Pipeline) Decide(pkt *Packet, got []bool) ([]bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.one[0] = *pkt
	err := p.filterChunk(p.sources[0], p.one[:])
	*pkt = p.one[0]
	got = got[:0]
	for _, s := range p.sinks {
		got = append(got, len(s.passed) > 0)
		s.passed = s.passed[:0]
	}
	return got, err
}

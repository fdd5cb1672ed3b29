package pipeline

import "slices"

// A TotalLimiter is a Limiter of all packets together, which under a flood refuses most of
// what comes, whatever the other filters say. So when a live source delivers many packets
// at once, the engine asks it first. What it refuses is counted as dropped by it, also what
// an earlier filter would have dropped, and no other filter sees it. What it lets pass goes
// through all filters as usual. The source need not even read what the limiter does not have
// to see ([Env]). Neither is so if a sink has it for itself, or in a pipeline with a sink
// that wants what is dropped ([Needs]).
type TotalLimiter interface {
	Limiter

	// Foresee is called with decoded packets before FilterEarly is called for some or all
	// of them in their order, so that what it needs is in the processor's cache by then.
	// The packets are lent for the length of the call.
	Foresee(batch []Packet)

	// FilterEarly is Filter for packet number i of those that were foreseen.
	FilterEarly(p *Packet, i int) Reason

	// SaturatedUntil returns, at the time now, the times up to which packets need not be
	// shown to the limiter, and the reason for which they count as dropped: all of them,
	// whatever they are, since Filter would refuse each; and those of senders who did not ask
	// before, who may be made to ask again. Times that are not after now say nothing.
	SaturatedUntil(now Instant) (all, newcomers Instant, reason Reason)
}

// crowd is the number of packets at once from which on a total is asked first.
const crowd = 16

// noTotal stands for a pipeline without a total that can be asked first.
const noTotal = -1

// findTotal returns the index of the filter that can be asked first.
func (p *Pipeline) findTotal() int {
	if slices.ContainsFunc(p.sinks, func(s *sinkStage) bool { return s.observesDrops }) {
		return noTotal
	}
	return slices.IndexFunc(p.filters.filters, func(f Filter) bool {
		_, ok := f.(TotalLimiter)
		return ok
	})
}

// asksTotal reports whether the total is asked first about so many packets.
func (p *Pipeline) asksTotal(s *sourceStage, packets int) bool {
	return p.total != noTotal && !s.lossless && packets >= crowd
}

// foresee shows packets to filter number total.
func (c *chain) foresee(total int, batch []Packet) {
	c.at = total
	c.filters[total].(TotalLimiter).Foresee(batch)
}

// refusesEarly asks filter number total about packet number i of those that it foresaw. If
// the filter refuses it, refusesEarly counts the drop and sets the verdict.
func (c *chain) refusesEarly(total int, p *Packet, i int) bool {
	c.at = total
	r := c.filters[total].(TotalLimiter).FilterEarly(p, i)
	if r != Pass {
		s := &c.stages[total]
		s.drop(known(r, s.reasons), &p.Verdict)
	}
	return r != Pass
}

package pipeline

// An Explainer is a Filter that can say what it looks at.
type Explainer interface {
	Filter

	// Explain says in a few words what Filter will look at in p and what it
	// compares that with, for example "next-hop MTU 1400, allowed 68 to 16384". It
	// changes nothing and is not for the hot path.
	Explain(p *Packet) string
}

// Step is what one stage has to do with one packet.
type Step struct {
	Sink    int    // index of the sink that this is about; -1 for the pipeline's filters
	Stage   string // name of the filter, or of the sink itself at the end of its steps
	Filter  bool   // false for the sink itself
	Reached bool   // whether the filter was asked, or the sink was given the packet
	Reason  string // why a filter that was asked dropped the packet; "" if it let it pass
	Looked  string // what the filter looked at, if it can say
}

// Trace is like Decide, and tells what each stage had to do with the packet, in
// the order of the configuration.
func (p *Pipeline) Trace(pkt *Packet) ([]Step, error) {
	steps := p.explain(pkt)
	got, err := p.Decide(pkt, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	verdict, reached, sink := pkt.Verdict, true, -1
	for i := range steps {
		s := &steps[i]
		if s.Sink != sink {
			sink = s.Sink
			verdict = p.sinks[sink].verdict
			reached = pkt.Verdict.Forward() || p.sinks[sink].observesDrops
		}
		s.Reached = reached
		switch {
		case !s.Filter:
			s.Reached = got[sink]
		case reached && s.Stage == verdict.Stage:
			s.Reason, reached = verdict.Reason, false
		}
	}
	return steps, err
}

// explain lists the steps of a packet that is about to be decided.
func (p *Pipeline) explain(pkt *Packet) []Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	clock := p.clock
	pkt.Clock = clock.Advance(pkt.Time)
	pkt.Decode()
	steps := p.filters.explain(nil, -1, pkt)
	for i, s := range p.sinks {
		steps = s.filters.explain(steps, i, pkt)
		steps = append(steps, Step{Sink: i, Stage: s.name})
	}
	return steps
}

func (c *chain) explain(steps []Step, sink int, pkt *Packet) []Step {
	for i, f := range c.filters {
		s := Step{Sink: sink, Stage: c.stages[i].name, Filter: true}
		if e, ok := f.(Explainer); ok {
			s.Looked = e.Explain(pkt)
		}
		steps = append(steps, s)
	}
	return steps
}

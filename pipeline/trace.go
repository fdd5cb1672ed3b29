package pipeline

import "fmt"

// An Explainer is a Filter that can say what it looks at.
type Explainer interface {
	Filter

	// Explain says in a few words what Filter will look at in p and what it
	// compares that with, for example "next-hop MTU 1400, allowed 68 to 16384". It
	// changes nothing and is not for the hot path.
	Explain(p *Packet) string
}

// Step is what one filter or sink has to do with one packet.
type Step struct {
	StageID
	Reached bool   // whether the filter was asked, or the sink was given the packet
	Reason  string // why a filter that was asked dropped the packet; "" if it let it pass
	Looked  string // what the filter looked at, if it can say
}

// Trace is like Decide for one packet, and says what each stage had to do with it, in the
// order of the configuration. A panic of a filter is an error.
func (o *Offline) Trace(pkt *Packet) ([]Step, error) {
	steps, err := o.explain(pkt)
	if err != nil {
		return nil, err
	}
	got := make([]bool, len(o.got))
	batch := []Packet{*pkt}
	_, err = o.Decide(batch, func(_ int, offered []bool) error {
		copy(got, offered)
		return nil
	})
	*pkt = batch[0]
	if err != nil {
		return nil, err
	}
	verdict, reached := pkt.Verdict, true
	for i := range steps {
		s := &steps[i]
		if s.Kind == KindSink {
			s.Reached = got[s.Index]
			sink := o.pipeline.sinks[s.Index]
			verdict, reached = sink.verdict, pkt.Verdict.Forward() || sink.observesDrops
			continue
		}
		s.Reached = reached
		if reached && s.Name == verdict.Stage {
			s.Reason, reached = verdict.Reason, false
		}
	}
	return steps, nil
}

// explain lists the steps of a packet that is about to be decided.
func (o *Offline) explain(pkt *Packet) ([]Step, error) {
	clock := o.pipeline.clock
	pkt.Clock = clock.Advance(pkt.Time)
	pkt.Decode()
	var steps []Step
	for _, s := range o.pipeline.stages {
		if s.Kind == KindSource {
			continue
		}
		step := Step{StageID: s.StageID}
		if e, ok := s.stage.(Explainer); ok {
			if err := guard(func() error { step.Looked = e.Explain(pkt); return nil }); err != nil {
				return nil, fmt.Errorf("%v %s: explain: %w", s.Kind, s.Name, err)
			}
		}
		steps = append(steps, step)
	}
	return steps, nil
}

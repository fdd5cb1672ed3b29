package peers

import "github.com/pmtud/pmtud/pipeline"

// Metrics, in the order of their declaration.
const (
	sentMessages = iota
	failedMessages
	addressesInUse
)

func metrics() []pipeline.MetricInfo {
	return []pipeline.MetricInfo{
		sentMessages:   {Name: "sent_messages_total", Doc: "messages sent to the peer, to each of its addresses", Kind: pipeline.Counter, Label: "peer"},
		failedMessages: {Name: "failed_messages_total", Doc: "messages that could not be sent to the peer", Kind: pipeline.Counter, Label: "peer"},
		addressesInUse: {Name: "addresses", Doc: "addresses of the peer that messages are sent to; 0 for this host itself, a duplicate, or a name without an answer", Kind: pipeline.Gauge, Label: "peer"},
	}
}

// Measure is [pipeline.Measurer].
func (s *Sink) Measure(emit func(metric int, label string, value float64)) {
	inUse := s.plan.Load().addresses()
	for _, p := range s.peers {
		if p.again {
			continue
		}
		label := p.String()
		emit(sentMessages, label, float64(p.sent.Load()))
		emit(failedMessages, label, float64(p.missed()))
		emit(addressesInUse, label, float64(inUse[p]))
	}
}

// addresses returns how many addresses of each peer are in use.
func (p *plan) addresses() map[*peer]int {
	n := make(map[*peer]int)
	for _, f := range []*fanout{p.ipv4, p.ipv6} {
		if f == nil {
			continue
		}
		for _, peer := range f.peers {
			n[peer]++
		}
	}
	return n
}

// Complaint is [pipeline.Complainer]: nobody can be sent to since no name can be
// looked up. A name that does not exist is none of these troubles: a cluster of one
// has no peers yet.
func (s *Sink) Complaint() error {
	if why := s.lookUpError.Load(); why != nil {
		return *why
	}
	return nil
}

// noteLookUps sets what Complaint returns, after an update.
func (s *Sink) noteLookUps() {
	var why *error
	if plan := s.plan.Load(); plan.ipv4 == nil && plan.ipv6 == nil {
		why = s.firstLookUpError()
	}
	s.lookUpError.Store(why)
}

func (s *Sink) firstLookUpError() *error {
	for _, p := range s.peers {
		if why := p.broken; why != nil {
			return &why
		}
	}
	return nil
}

package peerlist

import "github.com/pmtud/pmtud/pipeline"

// Metrics, in the order of [Metrics].
const (
	sentMessages = iota
	failedMessages
	addressesInUse
)

// Metrics returns the metrics of a list, for the plugin of a sink that begins its own with
// them.
func Metrics() []pipeline.MetricInfo {
	return []pipeline.MetricInfo{
		sentMessages:   {Name: "sent_messages_total", Doc: "messages sent to the peer, to each of its addresses", Label: "peer"},
		failedMessages: {Name: "failed_messages_total", Doc: "messages that could not be sent to the peer", Label: "peer"},
		addressesInUse: {Name: "addresses", Doc: "addresses of the peer that messages are sent to; 0 for this host itself, a duplicate, or a name without an answer", Label: "peer"},
	}
}

// Measure is for [pipeline.Measurer].
func (l *List) Measure(emit func(metric int, label string, value float64)) {
	inUse := l.plan.Load().addresses()
	for _, p := range l.peers {
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
func (p *Plan) addresses() map[*peer]int {
	n := make(map[*peer]int)
	for _, f := range []*Fanout{p.IPv4, p.IPv6} {
		if f == nil {
			continue
		}
		for _, peer := range f.peers {
			n[peer]++
		}
	}
	return n
}

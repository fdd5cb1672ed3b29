package pipeline

import (
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// engineStage is the stage that verdicts of the engine itself name.
const engineStage = "engine"

// Ways by which a canary comes that was captured. One that another host's pmtud handed over comes
// by the type of its source.
const (
	byBroadcast = "broadcast"
	byPeers     = "peers"
)

// mayBeCanary reports whether p is a PTB whose MTU ends with 16 zero bits. It is asked of every packet, and
// compiled into the loop over them.
func (p *Packet) mayBeCanary() bool {
	return p.PTB != 0 && len(p.Data) > p.ICMP+7 && p.Data[p.ICMP+7]|p.Data[p.ICMP+6] == 0
}

// dropCanary drops p and has it heard if it is a canary that comes to this host now.
func (p *Pipeline) dropCanary(s *sourceStage, pkt *Packet) bool {
	payload, ok := canary.Payload(pkt.Quote())
	if mtu, _ := pkt.MTU(); !ok || mtu != 0 {
		return false
	}
	p.canaries++
	pkt.Verdict = Verdict{Stage: engineStage, Reason: reasonCanary}
	if p.ear != nil && !s.lossless && !pkt.Truncated() && pkt.comesIn() {
		p.ear.Hear(payload, s.way(pkt), int64(pkt.Time))
	}
	return true
}

// comesIn reports whether the link layer delivered the packet to this host, as far as is known.
func (p *Packet) comesIn() bool {
	return p.Type != linklayer.TypeOtherHost && p.Type != linklayer.TypeOutgoing
}

// way returns how a canary came.
func (s *sourceStage) way(pkt *Packet) string {
	switch {
	case pkt.Origin == OriginRelay:
		return s.plugin
	case pkt.Broadcast():
		return byBroadcast
	}
	return byPeers
}

// Announce has each sink that sends to other hosts send canaries, beside what the pipeline forwards.
// It calls make for each of these sinks and keeps what that returns. It does not wait; [SinkCount]
// has what becomes of them.
func (p *Pipeline) Announce(make func() []Packet) {
	for _, s := range p.sinks {
		if s.reach == ReachNetwork {
			packets := make()
			for i := range packets {
				packets[i].Clock = packets[i].Time
				packets[i].Decode()
			}
			s.announce(packets)
		}
	}
}

// announce leaves canaries for the sink's goroutine.
func (s *sinkStage) announce(packets []Packet) {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if q.canaries != nil {
		s.canaries.Fail(reasonQueueFull) // the sink has not come to the last ones
	}
	q.canaries = packets
	q.filled.Signal()
}

// deliverCanaries delivers what announce has left.
func (s *sinkStage) deliverCanaries() error {
	packets := s.queue.takeCanaries()
	if len(packets) == 0 {
		return nil
	}
	batch, failed := make([]*Packet, len(packets)), make([]Reason, len(packets))
	for i := range packets {
		batch[i] = &packets[i]
	}
	err := guard(func() error {
		s.sink.Deliver(batch, failed)
		s.sink.Flush()
		return nil
	})
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	switch reason, all := firstFailure(failed); {
	case s.gone:
		return errGone
	case err != nil:
		s.canaries.Fail(reasonPanic)
	case all:
		s.canaries.Fail(s.reasons[known(reason, s.reasons)])
	default:
		s.canaries.Sent++
	}
	return err
}

// firstFailure returns the first reason that is one, and whether every packet failed. A list of peers may have
// none of one family.
func firstFailure(failed []Reason) (first Reason, all bool) {
	for _, r := range failed {
		if r == Pass {
			return Pass, false
		}
		if first == Pass {
			first = r
		}
	}
	return first, true
}

func (q *queue) takeCanaries() []Packet {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.canaries
	q.canaries = nil
	return taken
}

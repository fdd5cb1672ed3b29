package pipeline

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// errGone ends a sink that was left behind.
var errGone = errors.New("returned after it had been given up")

// sinkStage is a sink with its filters, its queue and its counters.
type sinkStage struct {
	name          string
	sink          Sink
	observesDrops bool
	live          bool // no source can wait, so that packets come as they are captured

	// Used under the pipeline's lock.
	filters chain
	offered uint64
	reach   Reach
	arrived *seen.Memory
	refused map[string]uint64 // by reason of the engine; nil if it gets every packet
	passed  []offer           // of the chunk at hand
	verdict Verdict           // of filters about the packet at hand

	queue *queue
	lent  []*Packet // the batch that the sink has

	// Guarded by the queue's lock, so that a packet leaves the queue and enters
	// the counters in one step.
	reasons   []string
	unfit     []bool   // by reason
	failed    []uint64 // likewise
	delivered uint64
	delay     histogram // of live packets
	failing   streak
	canaries  canary.Count
	err       error // that ended run
	ended     bool  // run has returned
	gone      bool  // the sink did not return in time and was left behind
}

func newSinkStage(s SinkStage, sink Sink, filters chain, live bool, arrived *seen.Memory) *sinkStage {
	maxAge := s.MaxAge
	if !live {
		maxAge = 0
	}
	st := &sinkStage{
		name: s.name(), sink: sink, filters: filters, live: live, reach: s.Plugin.Reach, arrived: arrived,
		passed:  make([]offer, 0, maxChunk),
		queue:   newQueue(s.QueueSize, maxAge),
		reasons: stageReasons(s.Plugin.Reasons),
	}
	st.failed = make([]uint64, len(st.reasons))
	st.unfit = make([]bool, len(st.reasons))
	for i, r := range s.Plugin.Reasons {
		st.unfit[i+1] = r.PacketFault
	}
	if live {
		st.delay = newHistogram(delayBounds())
	}
	if st.reach != reachNone {
		st.refused = map[string]uint64{reasonInjected: 0, reasonRelayed: 0}
	}
	if n, ok := sink.(HostUser); ok {
		st.observesDrops = n.Needs().Drops
	}
	return st
}

// filter asks the sink's filters and notes p for the queue if they let it pass.
// Their verdict, and the port that they read, are this sink's alone.
func (s *sinkStage) filter(p *Packet) {
	s.offered++
	if reason := s.refuses(p); reason != "" {
		s.refused[reason]++
		return
	}
	s.verdict = Verdict{}
	read := p.ReadPort
	if s.filters.pass(p, &s.verdict) {
		s.passed = append(s.passed, offer{p, p.ReadPort})
	}
	p.ReadPort = read
}

// catchUp enters into the counters the packet at hand of a pipeline that a panic
// stopped, if it had not come to this sink yet. Offers are what the sink should
// have been offered so far.
func (s *sinkStage) catchUp(offers uint64) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	s.queue.stopped += offers - s.offered
	s.offered = offers
}

// run delivers what is queued until the queue is closed and empty.
func (s *sinkStage) run() error {
	failed := make([]Reason, claimSize)
	for {
		batch, ok := s.queue.take()
		if !ok {
			return s.end(nil)
		}
		err := s.deliverCanaries()
		if err == nil {
			err = s.deliver(batch, failed[:len(batch)])
		}
		if err != nil {
			return s.end(fmt.Errorf("sink %s: %w", s.name, err))
		}
	}
}

func (s *sinkStage) deliver(batch []*Packet, failed []Reason) error {
	var err error
	if len(batch) > 0 {
		clear(failed)
		s.lent = append(s.lent[:0], batch...) // the sink may change it
		err = guard(func() error { s.sink.Deliver(s.lent, failed); return nil })
	}
	idle, err := s.settle(batch, failed, err)
	if err != nil || !idle {
		return err
	}
	return guard(func() error { s.sink.Flush(); return nil })
}

// settle enters a delivered batch into the counters and reports whether nothing
// more is waiting.
func (s *sinkStage) settle(batch []*Packet, failed []Reason, err error) (idle bool, _ error) {
	now := time.Now()
	stamp := InstantOf(now)
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if s.gone {
		return false, errGone
	}
	delivered := s.delivered
	failure := 0 // the last one that is not the packet's
	for i, r := range failed {
		if r == Pass && err == nil {
			s.delivered++
			s.measureDelay(batch[i], stamp)
			continue
		}
		reason := len(s.reasons) - 1 // panic: which packets went out before is unknown
		if err == nil {
			reason = known(r, s.reasons)
		}
		s.failed[reason]++
		if !s.unfit[reason] {
			failure = reason
		}
	}
	s.failing.note(now, s.delivered > delivered, failure)
	s.queue.release(now)
	return s.queue.n == 0, err
}

func (s *sinkStage) measureDelay(p *Packet, delivered Instant) {
	if s.live {
		s.delay.add(int64(delivered - p.Time))
	}
}

// end notes that no more will be delivered and gives up what is queued.
func (s *sinkStage) end(err error) error {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if !s.gone {
		s.queue.discard()
	}
	s.ended, s.err = true, err
	return err
}

// failure returns the error that ended run, if one has.
func (s *sinkStage) failure() error {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return s.err
}

// abandon gives up a sink that has not ended, and reports whether it had to.
func (s *sinkStage) abandon() bool {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if s.ended {
		return false
	}
	s.gone = true
	s.queue.discard()
	s.queue.stopped += uint64(len(s.queue.claim))
	return true
}

func (s *sinkStage) abandoned() bool {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return s.gone
}

// counts is called under the pipeline's lock, so that nothing is added to the
// queue meanwhile. What is being delivered counts as queued.
func (s *sinkStage) counts() SinkCount {
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	c := SinkCount{
		Sink: s.name, Offered: s.offered, Dropped: s.filters.counts(),
		Delivered: s.delivered, Failed: reasonCounts(s.reasons, s.failed),
		Shed:      []ReasonCount{{reasonQueueFull, q.shed}, {reasonTooOld, q.tooOld}, {reasonStopped, q.stopped}},
		QueueSize: uint64(len(q.ring)), Delay: s.delay.snapshot(), Canaries: s.canaries,
	}
	if s.reach != reachNone {
		c.Failed = append(c.Failed, ReasonCount{reasonInjected, s.refused[reasonInjected]}, ReasonCount{reasonRelayed, s.refused[reasonRelayed]})
	}
	if !s.gone {
		c.Queued = uint64(q.n + len(q.claim))
		c.Waiting = uint64(q.n)
	}
	return c
}

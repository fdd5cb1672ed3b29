package pipeline

import "fmt"

// sinkStage is a sink with its filters, its queue and its books.
type sinkStage struct {
	name          string
	sink          Sink
	observesDrops bool

	// Used under the pipeline's lock.
	filters chain
	offered uint64
	passed  []offer // of the chunk at hand
	verdict Verdict // of filters about the packet at hand

	queue *queue

	// Guarded by the queue's lock, so that a packet leaves the queue and enters
	// the books in one step.
	reasons   []string
	failed    []uint64 // by reason
	delivered uint64
	err       error // that ended run
	ended     bool  // run has returned
	gone      bool  // the sink did not return in time and was left behind
}

func newSinkStage(s Stage, sink Sink, filters chain, queueSize int) *sinkStage {
	st := &sinkStage{
		name: s.name(), sink: sink, filters: filters,
		passed:  make([]offer, 0, chunk),
		queue:   newQueue(queueSize),
		reasons: stageReasons(s.Plugin.Reasons),
	}
	st.failed = make([]uint64, len(st.reasons))
	if o, ok := sink.(Observer); ok {
		st.observesDrops = o.ObservesDrops()
	}
	return st
}

// filter asks the sink's filters and notes p for the queue if they let it pass.
// Their verdict, and the port that they read, are this sink's alone.
func (s *sinkStage) filter(p *Packet) {
	s.offered++
	s.verdict = Verdict{}
	read := p.ReadPort
	if s.filters.pass(p, &s.verdict) {
		s.passed = append(s.passed, offer{p, p.ReadPort})
	}
	p.ReadPort = read
}

// catchUp enters into the books the packet at hand of a pipeline that a panic
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
		batch := s.queue.take()
		if len(batch) == 0 {
			return s.end(nil)
		}
		if err := s.deliver(batch, failed[:len(batch)]); err != nil {
			return s.end(fmt.Errorf("sink %s: %w", s.name, err))
		}
	}
}

func (s *sinkStage) deliver(batch []*Packet, failed []Reason) error {
	clear(failed)
	err := guard(func() error { s.sink.Deliver(batch, failed); return nil })
	idle, err := s.settle(failed, err)
	if err != nil || !idle {
		return err
	}
	return guard(func() error { s.sink.Flush(); return nil })
}

// settle enters a delivered batch into the books and reports whether nothing
// more is waiting.
func (s *sinkStage) settle(failed []Reason, err error) (idle bool, _ error) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if s.gone {
		return false, fmt.Errorf("returned after it had been given up")
	}
	for _, r := range failed {
		switch {
		case err != nil: // which packets went out before the panic is unknown
			s.failed[len(s.reasons)-1]++
		case r == Pass:
			s.delivered++
		default:
			s.failed[known(r, s.reasons)]++
		}
	}
	s.queue.release()
	return s.queue.n == 0, err
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
		Shed: []ReasonCount{{ReasonQueueFull, q.shed}, {ReasonStopped, q.stopped}},
	}
	if !s.gone {
		c.Queued = uint64(q.n + len(q.claim))
	}
	return c
}

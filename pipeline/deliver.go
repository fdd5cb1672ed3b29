package pipeline

const (
	// maxChunk is the number of packets that go through the filters before the
	// sinks' queues are locked once for all of them. It is less in a pipeline with
	// a smaller queue.
	maxChunk = 256

	// chunkBytes bounds a chunk of a source that waits, so that an empty queue
	// has room for it.
	chunkBytes = maxQueuedBytes / 2
)

// deliver takes a batch of a source through the filters and offers it to the
// sinks. After a plugin panicked it takes nothing more. Sources that can wait take
// turns, so that room that one has waited for is not another's; those that can't must
// not wait for them.
func (p *Pipeline) deliver(s *sourceStage, batch []Packet) {
	if s.lossless {
		p.turn.Lock()
		defer p.turn.Unlock()
	}
	for len(batch) > 0 {
		n := min(len(batch), p.chunk)
		if s.lossless {
			n = p.awaitRoom(batch[:n])
		}
		if !p.deliverChunk(s, batch[:n]) {
			return
		}
		batch = batch[n:]
	}
}

// awaitRoom waits until all queues have room for the first packets of batch and
// returns how many those are, one at least. It holds the turn but not the lock, so
// that the counters stay readable.
func (p *Pipeline) awaitRoom(batch []Packet) (n int) {
	size := 0
	for n = range batch {
		if n > 0 && size+len(batch[n].Data) > chunkBytes {
			n--
			break
		}
		size += len(batch[n].Data)
	}
	n++
	for _, s := range p.sinks {
		s.queue.awaitRoom(n, size)
	}
	return n
}

// deliverChunk reports whether the pipeline can go on.
func (p *Pipeline) deliverChunk(s *sourceStage, batch []Packet) bool {
	for i := range batch {
		batch[i].Decode()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return false
	}
	if err := p.filterChunk(s, batch); err != nil {
		p.fail(err)
	} else {
		p.watch(batch)
	}
	for _, s := range p.sinks {
		if len(s.passed) > 0 {
			s.queue.put(s.passed)
			s.passed = s.passed[:0]
		}
	}
	return p.failure == nil
}

// filterChunk decides about decoded packets and notes for each sink which it gets.
func (p *Pipeline) filterChunk(s *sourceStage, batch []Packet) (err error) {
	var pkt *Packet
	current := &p.filters
	defer func() {
		if v := recover(); v != nil {
			err = p.panicked(v, current, pkt)
		}
	}()
	for i := range batch {
		pkt := &batch[i]
		pkt.Clock = p.clock.Advance(pkt.Time)
		pkt.Verdict = Verdict{}
	}
	early := p.asksTotal(s, len(batch))
	for i := range batch {
		pkt = &batch[i]
		s.received++
		s.bytes += uint64(pkt.Length)
		p.received++
		current = &p.filters
		if early && i == 0 {
			current.foresee(p.total, batch) // if it panics, with this packet
		}
		passed := !(pkt.mayBeCanary() && p.dropCanary(s, pkt)) &&
			!(early && current.refusesEarly(p.total, pkt, i)) &&
			current.pass(pkt, &pkt.Verdict)
		if passed {
			p.forwarded++
			p.measureForwarded(pkt)
		}
		for _, sink := range p.sinks {
			if passed || sink.observesDrops {
				current = &sink.filters
				sink.filter(pkt)
			}
		}
	}
	return nil
}

// measureForwarded counts the bytes and the next-hop MTU of a packet that passed.
func (p *Pipeline) measureForwarded(pkt *Packet) {
	p.forwardedBytes += uint64(pkt.Length)
	if mtu, ok := pkt.MTU(); ok {
		mtus := &p.mtus4
		if pkt.PTB == 6 {
			mtus = &p.mtus6
		}
		mtus.add(int64(mtu))
	}
}

// panicked counts the packet at which a filter panicked.
func (p *Pipeline) panicked(value any, at *chain, pkt *Packet) error {
	verdict := &pkt.Verdict
	if at != &p.filters {
		verdict = new(Verdict) // of one sink
	}
	err := at.panicked(value, verdict)
	for _, s := range p.sinks {
		if s.observesDrops {
			s.catchUp(p.received)
		} else {
			s.catchUp(p.forwarded)
		}
	}
	return err
}

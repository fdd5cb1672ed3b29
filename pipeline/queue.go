package pipeline

import (
	"math"
	"sync"
	"time"
)

// maxQueuedBytes bounds the bytes waiting in one sink's queue, whatever number
// of packets they are.
const maxQueuedBytes = 8 << 20

// claimSize is the largest batch that a sink is given.
const claimSize = 256

// keptBytes is the buffer space that an idle slot of a queue may keep, so that a
// few huge packets don't leave it large for ever.
const keptBytes = 4096

// offer is a packet for a queue, with the port that filters read of it.
type offer struct {
	packet   *Packet
	readPort int32
}

// queue is a bounded queue of packets with bytes of their own. One goroutine
// puts at a time, one takes. Slots are made when first needed and then used again.
type queue struct {
	mu      sync.Mutex
	filled  sync.Cond // packets or the end have come
	emptied sync.Cond // room has come, or the end of waiting for it

	ring     []*Packet // waiting, from head on
	head, n  int
	size     int
	claim    []*Packet // handed out by take, until released
	canaries []Packet  // to be sent beside what waits
	claimed  time.Time // when that was, not much later
	free     []*Packet
	maxAge   time.Duration // of what take hands out; 0 is any
	shed     uint64        // given up because the queue was full
	tooOld   uint64        // given up because they had waited for too long
	stopped  uint64        // given up because nobody takes any more

	closed    bool // nothing more will be put
	discarded bool // nobody takes any more
	noWaiting bool // nobody waits for room any longer
}

func newQueue(size int, maxAge time.Duration) *queue {
	q := &queue{
		ring:   make([]*Packet, size),
		free:   make([]*Packet, 0, size+claimSize),
		claim:  make([]*Packet, 0, claimSize),
		maxAge: maxAge,
	}
	q.filled.L, q.emptied.L = &q.mu, &q.mu
	return q
}

// put copies packets into the queue. When there is no room, the oldest ones
// waiting are shed.
func (q *queue) put(batch []offer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.discarded {
		q.stopped += uint64(len(batch))
		return
	}
	for _, o := range batch {
		for q.n > 0 && !q.room(1, len(o.packet.Data)) {
			q.recycle(q.pop())
			q.shed++
		}
		q.push(o)
	}
	q.filled.Signal()
}

// awaitRoom waits until so many packets and bytes can be put without shedding
// any, or the queue is empty. It gives up after stopWaiting.
func (q *queue) awaitRoom(packets, size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n > 0 && !q.room(packets, size) && !q.noWaiting {
		q.emptied.Wait()
	}
}

func (q *queue) room(packets, size int) bool {
	return q.n+packets <= len(q.ring) && q.size+size <= maxQueuedBytes
}

func (q *queue) push(o offer) {
	var slot *Packet
	if last := len(q.free) - 1; last >= 0 {
		slot, q.free = q.free[last], q.free[:last]
	} else {
		slot = new(Packet)
	}
	slot.copyFrom(o.packet)
	slot.ReadPort = o.readPort
	q.ring[(q.head+q.n)%len(q.ring)] = slot
	q.n++
	q.size += len(slot.Data)
}

func (q *queue) pop() *Packet {
	p := q.ring[q.head]
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	q.size -= len(p.Data)
	return p
}

func (q *queue) recycle(p *Packet) {
	if cap(p.Data) > keptBytes {
		p.Data = nil
	}
	q.free = append(q.free, p)
}

// take waits for packets and hands out the oldest, claimSize at most, until they
// are released: none if all that waited were too old, or only canaries wait. It reports
// false when the queue is closed and empty.
func (q *queue) take() (batch []*Packet, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waited := q.claimed.IsZero()
	for q.n == 0 && q.canaries == nil && !q.closed {
		q.filled.Wait()
		waited = true
	}
	if waited {
		q.claimed = time.Now()
	}
	ok = q.n > 0 || q.canaries != nil
	oldest := q.oldest()
	for q.n > 0 && len(q.claim) < claimSize {
		p := q.pop()
		if p.Time < oldest {
			q.recycle(p)
			q.tooOld++
			continue
		}
		q.claim = append(q.claim, p)
	}
	q.emptied.Signal()
	return q.claim, ok
}

// oldest returns the time stamp of the oldest packets that may be handed out now.
func (q *queue) oldest() Instant {
	if q.maxAge == 0 {
		return math.MinInt64
	}
	return InstantOf(q.claimed) - Instant(q.maxAge)
}

// release takes back what take handed out, now. The caller holds the lock.
func (q *queue) release(now time.Time) {
	q.claimed = now // what waits already is handed out at once
	for _, p := range q.claim {
		q.recycle(p)
	}
	q.claim = q.claim[:0]
}

// close says that nothing more will be put.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.canaries = true, nil
	q.filled.Signal()
}

// stopWaiting ends awaitRoom, now and for ever.
func (q *queue) stopWaiting() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.noWaiting = true
	q.emptied.Signal()
}

// discard gives up what waits, and whatever will still be put. The caller holds
// the lock.
func (q *queue) discard() {
	q.stopped += uint64(q.n)
	for q.n > 0 {
		q.recycle(q.pop())
	}
	q.closed, q.discarded, q.noWaiting = true, true, true
	q.canaries = nil
	q.filled.Signal()
	q.emptied.Signal()
}

package seen

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dchest/siphash"
)

// Digest stands for the content of a message. It means something only to the Memory that
// made it.
type Digest uint64

// Memory remembers the digests that were added during the last window, at most a fixed
// number of them: a new one takes the place of the one added longest ago. It is safe for
// concurrent use.
type Memory struct {
	secret [2]uint64
	window int64 // in nanoseconds

	mu    sync.Mutex
	added map[Digest]int64 // when
	order []Digest         // the keys of added, a ring
	next  int              // where the next new digest goes in order
}

// New makes a Memory for size digests, at least one. Each takes about 40 bytes once it is used.
func New(size int, window time.Duration) *Memory {
	return &Memory{
		secret: [2]uint64{rand.Uint64(), rand.Uint64()},
		window: int64(window),
		added:  make(map[Digest]int64),
		order:  make([]Digest, max(size, 1)),
	}
}

// Add remembers d at the time now, in nanoseconds, and reports whether it was known. A
// known digest keeps its time, so a message is forgotten a window after it was first seen.
func (m *Memory) Add(d Digest, now int64) (known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	added, ok := m.added[d]
	switch {
	case ok && m.within(added, now):
		return true
	case !ok:
		m.place(d)
	}
	m.added[d] = now
	return false
}

// Has reports whether d was added less than a window before now.
func (m *Memory) Has(d Digest, now int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	added, ok := m.added[d]
	return ok && m.within(added, now)
}

// place enters a new digest into the order, where the oldest one was if there is no room.
func (m *Memory) place(d Digest) {
	if len(m.added) == len(m.order) {
		delete(m.added, m.order[m.next])
	}
	m.order[m.next] = d
	m.next = (m.next + 1) % len(m.order)
}

// within also holds if the clock was set back by less than a window meanwhile.
func (m *Memory) within(added, now int64) bool {
	return now-added < m.window && added-now < m.window
}

func (m *Memory) digest(b []byte) Digest {
	return Digest(siphash.Hash(m.secret[0], m.secret[1], b))
}

package seen

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
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

	used atomic.Bool // something was ever added

	mu    sync.Mutex
	added map[Digest]record
	order []Digest // the keys of added, a ring
	next  int      // where the next new digest goes in order
}

// record is what is known of a digest.
type record struct {
	at  int64 // when it was added
	ttl uint8 // the highest since then, of AddTTL
}

// Recent makes a Memory for 65,536 digests of the last two seconds: what a network returns to
// a host comes back within these.
func Recent() *Memory { return New(65536, 2*time.Second) }

// New makes a Memory for size digests, at least one. Each takes about 50 bytes once it is used.
func New(size int, window time.Duration) *Memory {
	return &Memory{
		secret: [2]uint64{rand.Uint64(), rand.Uint64()},
		window: int64(window),
		added:  make(map[Digest]record),
		order:  make([]Digest, max(size, 1)),
	}
}

// Published makes a memory for what a message system may hand back: it covers longer than that
// may take.
func Published() *Memory { return New(65536, 10*time.Second) }

// Add remembers d at the time now, in nanoseconds, and reports whether it was known. A
// known digest keeps its time, so a message is forgotten a window after it was first seen.
func (m *Memory) Add(d Digest, now int64) (known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known = m.has(d, now)
	if !known {
		m.place(d, record{at: now})
	}
	return known
}

// AddTTL is Add for a message that came with a TTL or hop limit. It reports whether the
// message was known with a higher one: it went round, since each host on its way lowers
// the TTL. A router's repetition has the same.
func (m *Memory) AddTTL(d Digest, ttl uint8, now int64) (fell bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.has(d, now) {
		m.place(d, record{now, ttl})
		return false
	}
	r := m.added[d]
	fell = ttl < r.ttl
	r.ttl = max(r.ttl, ttl)
	m.added[d] = r
	return fell
}

// Empty reports whether nothing was ever added. It is cheaper than a digest.
func (m *Memory) Empty() bool { return !m.used.Load() }

// Has reports whether d was added less than a window before now.
func (m *Memory) Has(d Digest, now int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.has(d, now)
}

// has also holds if the clock was set back by less than a window meanwhile.
func (m *Memory) has(d Digest, now int64) bool {
	r, ok := m.added[d]
	return ok && now-r.at < m.window && r.at-now < m.window
}

// place enters a digest; a new one where the oldest was if there is no room.
func (m *Memory) place(d Digest, r record) {
	if _, ok := m.added[d]; !ok {
		if len(m.added) == len(m.order) {
			delete(m.added, m.order[m.next])
		}
		m.order[m.next] = d
		m.next = (m.next + 1) % len(m.order)
	}
	m.added[d] = r
	m.used.Store(true)
}

func (m *Memory) digest(b []byte) Digest {
	return Digest(siphash.Hash(m.secret[0], m.secret[1], b))
}

package fair

// memory remembers a record for each of a bounded number of keys. Keys are in a
// ring in the order in which they came, and the oldest goes first. A key of which
// the record is set moves to the end, unless it is in the newest eighth of the ring.
// What is remembered does not depend on the keys' values. It is made at its full
// size, never allocates again, and takes 40 bytes for each key.
type memory struct {
	ring  []entry
	next  int    // the place in the ring to fill next
	slots []slot // open addressing with linear probing, at most half full
}

// entry is a place of the ring. Its key is 0 if the key moved on.
type entry struct {
	key    uint64
	record record
}

// slot says where in the ring a key is: its place, counted from 1, below half of
// the key, so that most other keys are told apart without a look at the ring. 0 is an
// empty slot.
type slot uint64

func newSlot(key uint64, place int) slot { return slot(key>>32<<32 | uint64(place) + 1) }

func (s slot) place() int          { return int(uint32(s)) - 1 }
func (s slot) top() uint32         { return uint32(s >> 32) }
func (s slot) mayBe(k uint64) bool { return s.top() == uint32(k>>32) }

// newMemory makes a memory for size keys.
func newMemory(size int) *memory {
	return &memory{ring: make([]entry, size), slots: make([]slot, 2*size+1)}
}

// ref is where a key stands or would stand. It is good until the next call of set.
type ref struct {
	key   uint64
	slot  int
	found bool
}

// find looks for a key, which is a hash of 64 bits, and returns its record.
func (m *memory) find(key uint64) (ref, record) {
	key = max(key, 1)
	i := m.home(uint32(key >> 32))
	for ; m.slots[i] != 0; i = m.after(i) {
		if !m.slots[i].mayBe(key) {
			continue
		}
		if e := &m.ring[m.slots[i].place()]; e.key == key {
			return ref{key, i, true}, e.record
		}
	}
	return ref{key, i, false}, record{}
}

// home is the slot from which on a key is looked for.
func (m *memory) home(top uint32) int { return int(uint64(top) * uint64(len(m.slots)) >> 32) }

func (m *memory) after(i int) int {
	if i++; i == len(m.slots) {
		return 0
	}
	return i
}

// distance returns how many slots behind home a slot is.
func (m *memory) distance(home, i int) int {
	if i -= home; i < 0 {
		i += len(m.slots)
	}
	return i
}

// set remembers a record of the key that r was found for.
func (m *memory) set(r ref, rec record) {
	if r.found {
		place := m.slots[r.slot].place()
		if m.fresh(place) {
			m.ring[place].record = rec
			return
		}
		m.ring[place].key = 0
	}
	e := &m.ring[m.next]
	old := e.key
	*e = entry{r.key, rec}
	m.slots[r.slot] = newSlot(r.key, m.next)
	if old != 0 {
		m.forget(newSlot(old, m.next))
	}
	if m.next++; m.next == len(m.ring) {
		m.next = 0
	}
}

// fresh reports whether a place is in the newest eighth of the ring.
func (m *memory) fresh(place int) bool {
	age := m.next - place // 1 for the place that was filled last
	if age <= 0 {
		age += len(m.ring)
	}
	return age <= len(m.ring)/8
}

// forget empties a slot, and closes the gap: what stands behind it moves up, but
// not to before its home.
func (m *memory) forget(s slot) {
	gap := m.home(s.top())
	for m.slots[gap] != s {
		gap = m.after(gap)
	}
	m.slots[gap] = 0
	for i := m.after(gap); m.slots[i] != 0; i = m.after(i) {
		if home := m.home(m.slots[i].top()); m.distance(home, i) >= m.distance(gap, i) {
			m.slots[gap], m.slots[i] = m.slots[i], 0
			gap = i
		}
	}
}

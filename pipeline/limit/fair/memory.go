package fair

import "math/bits"

// memory remembers a record for each of a bounded number of keys. Keys are in a
// ring in the order in which they came, and the oldest goes first. A key of which
// the record is set comes in once more, unless it is in the newest eighth of the ring:
// its older place is not looked at any more. What is remembered does not depend on the
// keys' values. It is made at its full size, never allocates again, and takes 40 bytes
// at most for each key.
//
// Each place is linked to the one before it of the same home, and nothing is ever
// unlinked: since the oldest goes first, a chain ends where it leads to what is older
// than the ring. The links are apart from the rest and hold half of the key, so that
// all that it takes to find that a key is not there stays in the processor's cache.
type memory struct {
	ring  []entry
	links []link   // of the ring's places
	next  int      // the place to fill next
	came  number   // of what it will hold
	heads []number // the newest of each home
	shift int      // of a key to its home

	touched uint32 // of no use but that the compiler can't leave touch out
}

type entry struct {
	key    uint64
	record record
}

type link struct {
	low    uint32 // half of the key
	before number // of the same home
}

// number counts what came, round and round. The age of a place is what its number lacks to
// that of the next one; with an age above the length of the ring it is gone.
type number uint32

// newMemory makes a memory for size keys.
func newMemory(size int) *memory {
	n := bits.Len(uint(size))
	return &memory{
		ring: make([]entry, size), links: make([]link, size),
		came:  number(size) + 1, // so that 0 is gone
		heads: make([]number, 1<<n), shift: 64 - n,
	}
}

// ref is where a key is or would be. It is good until the next call of set.
type ref struct {
	key   uint64
	age   int
	found bool
}

// find looks for a key, which is a hash of 64 bits, and returns its record.
func (m *memory) find(key uint64) (ref, record) {
	age := m.age(m.heads[key>>m.shift])
	for age <= len(m.ring) {
		place := m.place(age)
		l := m.links[place]
		if l.low == uint32(key) && m.ring[place].key == key {
			return ref{key, age, true}, m.ring[place].record
		}
		before := m.age(l.before)
		if before <= age {
			break // its place is another one's by now, or numbers have come round
		}
		age = before
	}
	return ref{key: key}, record{}
}

// touch looks at what find will look at. The processor does so for many keys at once.
func (m *memory) touch(keys []uint64) {
	var sum uint32
	for _, key := range keys {
		sum += uint32(m.heads[key>>m.shift])
	}
	for _, key := range keys {
		if age := m.age(m.heads[key>>m.shift]); age <= len(m.ring) {
			sum += m.links[m.place(age)].low
		}
	}
	m.touched = sum
}

// age returns the age of what has a number, 1 for the newest.
func (m *memory) age(n number) int { return int(m.came - n) }

// place returns the place of an age.
func (m *memory) place(age int) int {
	place := m.next - age
	if place < 0 {
		place += len(m.ring)
	}
	return place
}

// set remembers a record of the key that r was found for.
func (m *memory) set(r ref, rec record) {
	if r.found && r.age <= len(m.ring)/8 {
		m.ring[m.place(r.age)].record = rec
		return
	}
	head := &m.heads[r.key>>m.shift]
	m.ring[m.next] = entry{r.key, rec}
	m.links[m.next] = link{uint32(r.key), *head}
	*head = m.came
	m.came++
	if m.next++; m.next == len(m.ring) {
		m.next = 0
	}
}

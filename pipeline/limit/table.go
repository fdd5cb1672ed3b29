package limit

import "math/rand/v2"

// Key is a key of a [Table]. Hash mixes the seed into the key, so that nobody who
// doesn't know the seed can choose keys of the same hash.
type Key interface {
	comparable
	Hash(seed Seed) uint64
}

// Seed is the secret of a table.
type Seed = [2]uint64

// Table keeps a value for each of a bounded number of keys. When it is full, a
// new key takes the place of the one that was set longest ago. It is made at its
// full size and never allocates again. Keys are hashed with a secret seed, so that
// nobody can choose keys that collide; what the table holds does not depend on
// the seed. It is not safe for concurrent use.
type Table[K Key, V any] struct {
	seed    Seed
	heads   []uint32 // chains of entries by hash; 0 ends a chain. Grows with used, within its capacity
	links   []link   // of the entries. To find that a key is not there takes no look at these
	entries []entry[K, V]
	used    uint32 // entries[1:used+1] are in use
}

type link struct {
	hash  uint32
	chain uint32 // next entry of the same head
}

type entry[K Key, V any] struct {
	key          K
	value        V
	older, newer uint32 // neighbours in the order of setting; entries[0] is the ring's anchor
}

// fewHeads is the number of chains to begin with. While there are few keys, as
// behind a limit of the total, asking for one that is not there must not cost a
// cache miss in an empty table.
const fewHeads = 64

// NewTable makes a table for size keys, at least one.
func NewTable[K Key, V any](size int) *Table[K, V] {
	heads := 1
	for 2*heads <= size {
		heads *= 2
	}
	return &Table[K, V]{
		seed:    Seed{rand.Uint64(), rand.Uint64()},
		heads:   make([]uint32, min(heads, fewHeads), heads),
		links:   make([]link, max(size, 1)+1),
		entries: make([]entry[K, V], max(size, 1)+1),
	}
}

// Ref is where a key stands, or would stand, in a table. It is good until the
// next call of Set.
type Ref struct{ index, hash uint32 }

// Find returns where key stands, and its value if it is in the table.
func (t *Table[K, V]) Find(key K) (ref Ref, value V, ok bool) {
	hash := uint32(key.Hash(t.seed))
	for i := *t.head(hash); i != 0; {
		l := t.links[i]
		if l.hash == hash && t.entries[i].key == key {
			return Ref{i, hash}, t.entries[i].value, true
		}
		i = l.chain
	}
	return Ref{0, hash}, value, false
}

// head returns the beginning of a hash's chain.
func (t *Table[K, V]) head(hash uint32) *uint32 { return &t.heads[hash&uint32(len(t.heads)-1)] }

// Set gives the key that ref was found for a value and makes it the newest.
func (t *Table[K, V]) Set(ref Ref, key K, value V) {
	i := ref.index
	if i == 0 {
		i = t.place(ref.hash, key)
	} else {
		t.unlink(i)
	}
	t.entries[i].value = value
	t.linkNewest(i)
}

// Len returns the number of keys in the table.
func (t *Table[K, V]) Len() int { return int(t.used) }

// Oldest returns the value of the key that goes when Set enters a new one. It
// reports false while the table has room.
func (t *Table[K, V]) Oldest() (value V, full bool) {
	if int(t.used)+1 < len(t.entries) {
		return value, false
	}
	return t.entries[t.entries[0].newer].value, true
}

// place enters a new key into its chain, in a free entry or the oldest one.
func (t *Table[K, V]) place(hash uint32, key K) uint32 {
	i := t.used + 1
	if int(i) < len(t.entries) {
		t.used = i
		t.growHeads()
	} else {
		i = t.entries[0].newer
		t.unlink(i)
		t.unchain(i)
	}
	t.entries[i].key, t.links[i].hash = key, hash
	t.enchain(i)
	return i
}

// growHeads doubles the number of chains when there are more keys than that.
func (t *Table[K, V]) growHeads() {
	if int(t.used) <= len(t.heads) || len(t.heads) == cap(t.heads) {
		return
	}
	t.heads = t.heads[:2*len(t.heads)]
	clear(t.heads)
	for i := uint32(1); i < t.used; i++ { // but for the new one
		t.enchain(i)
	}
}

func (t *Table[K, V]) enchain(i uint32) {
	l := &t.links[i]
	head := t.head(l.hash)
	l.chain, *head = *head, i
}

func (t *Table[K, V]) unchain(i uint32) {
	l := t.links[i]
	at := t.head(l.hash)
	for *at != i {
		at = &t.links[*at].chain
	}
	*at = l.chain
}

// The ring runs from the anchor through newer links from the oldest to the newest
// entry and back to the anchor.
func (t *Table[K, V]) unlink(i uint32) {
	e := &t.entries[i]
	t.entries[e.older].newer = e.newer
	t.entries[e.newer].older = e.older
}

func (t *Table[K, V]) linkNewest(i uint32) {
	anchor := &t.entries[0]
	e := &t.entries[i]
	e.older, e.newer = anchor.older, 0
	t.entries[anchor.older].newer = i
	anchor.older = i
}

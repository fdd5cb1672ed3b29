// Package heavy finds the most frequent keys of a stream in fixed memory.
//
// The algorithm is Space-Saving (Metwally, Agrawal, El Abbadi: "Efficient Computation of
// Frequent and Top-k Elements in Data Streams", ICDT 2005). A key that has a counter
// increments it; a new key takes over the smallest counter, value included, and remembers
// that value as its error.
//
// To need neither a heap nor an index, the counters are divided into sets of [Ways], like
// a set-associative cache. A keyed hash selects the set of a key, and Space-Saving runs
// within it. One addition touches one set, allocates nothing and never rehashes.
//
// # Error
//
// Let N be the weight added so far and S the number of sets. For every key:
//
//   - Count - Error <= true weight <= Count. This always holds, key by key.
//   - A key without a counter weighs at most the smallest counter of its set. That is at
//     most the weight of the set's keys divided by Ways.
//   - Keys spread over the sets by a secret hash, so a set gets about N/S beside its
//     heaviest keys. The error is then about N/(S*Ways), which is N divided by the number
//     of counters: that of the original algorithm.
//
// [Sketch.Bound] returns the largest weight that a key without a counter can have.
package heavy

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// Ways is the number of counters in a set.
const Ways = 16

// Sketch counts keys. It is not safe for concurrent use.
type Sketch[K comparable] struct {
	seed  maphash.Seed
	mask  uint64
	sets  []set[K]
	total uint64
}

// set holds the counters of the keys with one hash, in no order. Tags are compared first:
// they fill one cache line with the counts of the set.
type set[K comparable] struct {
	tags   [Ways]uint16 // of the hash; compared before the key
	counts [Ways]uint64 // 0: unused
	errors [Ways]uint64
	marked [Ways]uint64
	keys   [Ways]K
}

// New returns a sketch with at least so many counters.
func New[K comparable](counters int) *Sketch[K] {
	sets := 1
	for sets*Ways < counters {
		sets *= 2
	}
	return &Sketch[K]{seed: maphash.MakeSeed(), mask: uint64(sets - 1), sets: make([]set[K], sets)}
}

// Counters returns the number of counters.
func (s *Sketch[K]) Counters() int { return len(s.sets) * Ways }

// Total returns the weight added since the last Reset.
func (s *Sketch[K]) Total() uint64 { return s.total }

// Add adds weight to a key. Marked is the part of it that has some property which the
// caller counts too, such as being dropped.
func (s *Sketch[K]) Add(key K, weight, marked uint64) {
	h := maphash.Comparable(s.seed, key)
	set := &s.sets[h&s.mask]
	s.total += weight
	i := set.find(uint16(h>>48), key)
	set.counts[i] += weight
	set.marked[i] += marked
}

// find returns the counter of a key, which may be one that it takes over. An unused one looks
// like that of the zero key, and is as good for it.
func (s *set[K]) find(tag uint16, key K) int {
	for i := range s.tags {
		if s.tags[i] == tag && s.keys[i] == key {
			return i
		}
	}
	least := 0
	for i := 1; i < Ways; i++ {
		if s.counts[i] < s.counts[least] {
			least = i
		}
	}
	s.tags[least], s.keys[least] = tag, key
	s.errors[least], s.marked[least] = s.counts[least], 0
	return least
}

// Reset forgets all keys.
func (s *Sketch[K]) Reset() {
	clear(s.sets)
	s.total = 0
}

// Bound returns the largest weight that a key without a counter can have.
func (s *Sketch[K]) Bound() (most uint64) {
	for i := range s.sets {
		most = max(most, slices.Min(s.sets[i].counts[:]))
	}
	return most
}

// Entry is the estimate of one key.
type Entry[K comparable] struct {
	Key K

	// Count is at least the key's true weight, and exceeds it by Error at most.
	Count, Error uint64

	// Marked is the marked part of what is certain. Like that, it is exact but for what was
	// added before the key took over its counter.
	Marked uint64
}

// Certain returns what the key weighs at least.
func (e Entry[K]) Certain() uint64 { return e.Count - e.Error }

// Entries appends the estimates of all keys that have a counter, in no order.
func (s *Sketch[K]) Entries(dst []Entry[K]) []Entry[K] {
	for i := range s.sets {
		set := &s.sets[i]
		for j, n := range set.counts {
			if n > 0 {
				dst = append(dst, Entry[K]{set.keys[j], n, set.errors[j], set.marked[j]})
			}
		}
	}
	return dst
}

// Top returns the n keys that certainly weigh most, the heaviest first. Ordered by their
// counts, keys of which nothing is known would come before light ones in a stream that has
// no heavy keys.
func (s *Sketch[K]) Top(n int) []Entry[K] { return Largest(s.Entries(nil), n) }

// Largest sorts entries and returns the first n.
func Largest[K comparable](entries []Entry[K], n int) []Entry[K] {
	slices.SortStableFunc(entries, func(a, b Entry[K]) int {
		return cmp.Or(cmp.Compare(b.Certain(), a.Certain()), cmp.Compare(b.Count, a.Count))
	})
	return entries[:min(n, len(entries))]
}

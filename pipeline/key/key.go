package key

import "math/bits"

// Key is what an [Extractor] makes of a packet. It is comparable, holds no
// pointers and is a key of a limit.Table. Keys of different extractors have
// nothing to do with each other.
type Key struct {
	// The bytes of an address as two big-endian numbers, or a hash.
	high, low uint64
	// The IP version of the address, and the MTU above it.
	rest uint64
}

// Hash returns a hash of the key that nobody who doesn't know the seed can
// predict: the multiplication of wyhash, which also hashes the keys of Go's maps
// where the processor has no instructions for it. It is good for finding a place in
// a table, whose keys are compared.
func (k Key) Hash(seed [2]uint64) uint64 {
	high, low := bits.Mul64(k.high^seed[0], k.low^seed[1]^k.rest*(seed[0]|1))
	return high ^ low
}

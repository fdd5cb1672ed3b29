package key

import (
	"math/bits"
	"math/rand/v2"
)

// nh is the hash NH of UMAC (J. Black et al., UMAC: Fast and Secure Message
// Authentication, CRYPTO '99): a sum of products, modulo 2^128. Two lists of the same
// length that differ have the same hash under a random secret with a probability of 2^-64
// at most (theorem 4.2 there), whatever they are.
type nh struct{ high, low uint64 }

// add adds a pair of words, each with its part of the secret.
func (h *nh) add(secret [2]uint64, a, b uint64) {
	high, low := bits.Mul64(a+secret[0], b+secret[1])
	var carry uint64
	h.low, carry = bits.Add64(h.low, low, 0)
	h.high, _ = bits.Add64(h.high, high, carry)
}

// secret is a pair of random words for each field, and one for what is no address.
type secret [Flow + 1][2]uint64

func newSecret() (s secret) {
	for i := range s {
		s[i] = [2]uint64{rand.Uint64(), rand.Uint64()}
	}
	return s
}

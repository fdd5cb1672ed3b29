package prefixset

import (
	"net/netip"
	"slices"
)

// Set is a set of prefixes: one map for each prefix length in use, so that a look
// up costs no more for thousands of addresses than for one. Nil is the empty set. It
// does not change, so that any number of goroutines may ask it.
type Set struct {
	byBits []bitsSet
}

type bitsSet struct {
	v4    bool
	bits  int
	addrs map[netip.Addr]struct{}
}

// New returns the set of the prefixes, nil if there are none. Host bits in them make
// no difference.
func New(prefixes []Prefix) *Set {
	if len(prefixes) == 0 {
		return nil
	}
	s := new(Set)
	for _, p := range prefixes {
		p := p.Masked()
		i := slices.IndexFunc(s.byBits, func(b bitsSet) bool { return b.v4 == p.Addr().Is4() && b.bits == p.Bits() })
		if i < 0 {
			i = len(s.byBits)
			s.byBits = append(s.byBits, bitsSet{p.Addr().Is4(), p.Bits(), map[netip.Addr]struct{}{}})
		}
		s.byBits[i].addrs[p.Addr()] = struct{}{}
	}
	return s
}

// Has reports whether addr is in one of the prefixes. The zero Addr is in none. It
// allocates nothing.
func (s *Set) Has(addr netip.Addr) bool {
	if s == nil {
		return false
	}
	for _, b := range s.byBits {
		if b.v4 != addr.Is4() {
			continue
		}
		prefix, _ := addr.Prefix(b.bits) // the bits are some of its family
		if _, ok := b.addrs[prefix.Addr()]; ok {
			return true
		}
	}
	return false
}

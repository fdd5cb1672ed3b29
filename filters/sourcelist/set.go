package sourcelist

import (
	"net/netip"
	"slices"
)

// set is a set of prefixes: one map for each prefix length in use, so that a look
// up costs no more for thousands of addresses than for one.
type set struct {
	byBits []bitsSet
}

type bitsSet struct {
	v4    bool
	bits  int
	addrs map[netip.Addr]struct{}
}

func newSet(prefixes []Prefix) *set {
	if len(prefixes) == 0 {
		return nil
	}
	s := new(set)
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

// has reports whether addr is in one of the prefixes.
func (s *set) has(addr netip.Addr) bool {
	if s == nil || !addr.IsValid() {
		return false
	}
	for _, b := range s.byBits {
		if b.v4 != addr.Is4() {
			continue
		}
		prefix, err := addr.Prefix(b.bits)
		if err != nil {
			continue
		}
		if _, ok := b.addrs[prefix.Addr()]; ok {
			return true
		}
	}
	return false
}

// Package sourcelist has the filter `source-list`, which looks at the router's
// address: the outer source of a message.
package sourcelist

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
)

// Reasons to drop a packet.
const (
	Denied   pipeline.Reason = iota + 1 // the address is denied, or not allowed
	FromPeer                            // the same, of a filter that guards a peer list
)

// Settings of the filter.
type Settings struct {
	Allow []Prefix `setting:"allow" doc:"prefixes that the address must be in, if any are given"`
	Deny  []Prefix `setting:"deny" doc:"prefixes that the address must not be in"`
	Peers bool     `setting:"peers" doc:"deny lists the peers that messages are sent on to; drop with the reason from-peer"`
}

// Plugin returns the filter `source-list`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "source-list",
		Summary: "lets messages pass by the address of the router that sent them",
		Reasons: []string{"denied", "from-peer"},
		New:     New,
	})
}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	if len(s.Allow) == 0 && len(s.Deny) == 0 {
		return nil, pipeline.BadSetting("deny", "is empty and so is allow; list at least one prefix")
	}
	f := &filter{allow: newSet(s.Allow), deny: newSet(s.Deny), reason: Denied}
	if s.Peers {
		f.reason = FromPeer
	}
	return f, nil
}

type filter struct {
	allow, deny *set // nil: not asked
	reason      pipeline.Reason
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	addr := p.Router()
	if f.deny.has(addr) || f.allow != nil && !f.allow.has(addr) {
		return f.reason
	}
	return pipeline.Pass
}

// Prefix is an IP prefix. A single address stands for itself.
type Prefix struct{ netip.Prefix }

// UnmarshalText reads "192.0.2.0/24", "2001:db8::/32" or an address.
func (p *Prefix) UnmarshalText(text []byte) error {
	s := string(text)
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		p.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("%q is neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32", s)
	}
	if prefix != prefix.Masked() {
		return fmt.Errorf("%q has host bits set; write %v", s, prefix.Masked())
	}
	p.Prefix = prefix
	return nil
}

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

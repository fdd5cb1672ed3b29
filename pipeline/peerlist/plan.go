package peerlist

import (
	"fmt"
	"net/netip"
	"slices"
)

// Plan says who is sent to. It does not change, but for the message that a Fanout sends.
type Plan struct {
	IPv4, IPv6 *Fanout // nil where nobody is to be sent to

	sentTo []Target

	// listed holds the addresses of all peers, of skipped ones too; own those of
	// this host. Neither have zones.
	listed, own map[netip.Addr]struct{}
}

// FromPeer reports whether a message from src to dst is a peer's copy. One that
// goes from an own address to an own address and yet comes from outside is a copy
// too, of a peer that sent it from an address that all of them share; and so is one
// from an own address to a peer, which this host itself has sent: a packet filter's
// rule may log what goes out.
func (p *Plan) FromPeer(src, dst netip.Addr) bool {
	_, listed := p.listed[src]
	_, toPeer := p.listed[dst]
	return listed || p.IsOwn(src) && (p.IsOwn(dst) || toPeer)
}

// IsOwn reports whether this host has the address.
func (p *Plan) IsOwn(addr netip.Addr) bool {
	_, own := p.own[addr]
	return own
}

// inputs is what a plan is made of.
type inputs struct {
	targets []target     // in the order of the list
	own     []netip.Addr // this host's addresses, sorted
}

// target is one address of a peer.
type target struct {
	peer *peer
	addr netip.Addr

	// isOther says that the peer is sent to by an address of the other family.
	isOther bool

	// Of an address with a zone.
	index int  // of the interface, 0 if there is none
	own   bool // the interface has the address itself
}

func (in inputs) equal(other inputs) bool {
	return slices.Equal(in.targets, other.targets) && slices.Equal(in.own, other.own)
}

// plan returns the plan and, for the log, what was left out of it and why.
func (in inputs) plan(c Config) (_ *Plan, skipped []string) {
	p := &Plan{listed: make(map[netip.Addr]struct{}), own: make(map[netip.Addr]struct{})}
	for _, addr := range in.own {
		p.own[addr] = struct{}{}
	}
	var ipv4, ipv6 []target
	seen := make(map[netip.Addr]bool)
	for _, t := range in.targets {
		p.listed[t.addr.WithZone("")] = struct{}{}
		if t.isOther {
			continue
		}
		why := p.skip(t, seen)
		seen[t.identity()] = true
		if why != "" {
			skipped = append(skipped, t.describe(why))
			continue
		}
		p.addTarget(t)
		if t.addr.Is4() {
			ipv4 = append(ipv4, t)
		} else {
			ipv6 = append(ipv6, t)
		}
	}
	p.IPv4, p.IPv6 = newFanout(ipv4, c), newFanout(ipv6, c)
	return p, skipped
}

// Target is a peer that is sent to, as it is listed, with its addresses.
type Target struct {
	Listed    Address
	Addresses []netip.Addr
}

func (p *Plan) addTarget(t target) {
	last := len(p.sentTo) - 1
	if last < 0 || p.sentTo[last].Listed != t.peer.Address {
		p.sentTo = append(p.sentTo, Target{Listed: t.peer.Address})
		last++
	}
	p.sentTo[last].Addresses = append(p.sentTo[last].Addresses, t.addr.WithZone(""))
}

// identity returns the address with a zone that is the same for all names of an interface.
func (t target) identity() netip.Addr {
	if t.index == 0 {
		return t.addr
	}
	return t.addr.WithZone(fmt.Sprint(t.index))
}

// skip says why nothing is sent to a target, or nothing.
func (p *Plan) skip(t target, seen map[netip.Addr]bool) string {
	switch {
	case seen[t.identity()]:
		return "is a duplicate"
	// All of 127.0.0.0/8 is this host, though only 127.0.0.1 is assigned.
	case p.IsOwn(t.addr) || t.own || t.addr.IsLoopback():
		return "is this host's own"
	case t.addr.Zone() != "" && t.index == 0:
		return "is on an interface that does not exist"
	}
	return unusable(t.addr)
}

func (t target) describe(why string) string {
	if t.peer.Name == "" {
		return fmt.Sprintf("%v %s", t.addr, why)
	}
	return fmt.Sprintf("%v of %s %s", t.addr, t.peer.Name, why)
}

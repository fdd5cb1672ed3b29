package peers

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// plan says who gets what. It is not changed once it is in use, but for the
// message that Deliver loads into a fanout.
type plan struct {
	ipv4, ipv6 *fanout // nil where nobody is to be sent to

	// listed holds the addresses of all peers, of skipped ones too; own those of
	// this host.
	listed, own map[netip.Addr]struct{}
}

// fromPeer reports whether a message from src to dst is a peer's copy. One that
// goes from an own address to an own address and yet comes from outside is a copy
// too, of a peer that sent it from an address that all of them share; and so is one
// from an own address to a peer, which this host itself has sent: a packet filter's
// rule may log what goes out.
func (p *plan) fromPeer(src, dst netip.Addr) bool {
	_, listed := p.listed[src]
	_, ownSrc := p.own[src]
	_, ownDst := p.own[dst]
	_, toPeer := p.listed[dst]
	return listed || ownSrc && (ownDst || toPeer)
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
}

func (in inputs) equal(other inputs) bool {
	return slices.Equal(in.targets, other.targets) && slices.Equal(in.own, other.own)
}

// plan returns the plan and, for the log, what was left out of it and why.
func (in inputs) plan() (_ *plan, skipped []string) {
	own, listed := make(map[netip.Addr]struct{}), make(map[netip.Addr]struct{})
	for _, addr := range in.own {
		own[addr] = struct{}{}
	}
	var ipv4, ipv6 []target
	for _, t := range in.targets {
		why := skip(t.addr, own, listed)
		listed[t.addr] = struct{}{}
		switch {
		case why != "":
			skipped = append(skipped, t.describe(why))
		case t.addr.Is4():
			ipv4 = append(ipv4, t)
		default:
			ipv6 = append(ipv6, t)
		}
	}
	return &plan{newFanout(ipv4), newFanout(ipv6), listed, own}, skipped
}

// skip says why nothing is sent to addr, or nothing.
func skip(addr netip.Addr, own, listed map[netip.Addr]struct{}) string {
	if _, again := listed[addr]; again {
		return "is a duplicate"
	}
	// All of 127.0.0.0/8 is this host, though only 127.0.0.1 is assigned.
	if _, isOwn := own[addr]; isOwn || addr.IsLoopback() {
		return "is this host's own"
	}
	return unusable(addr)
}

func (t target) describe(why string) string {
	if t.peer.Name == "" {
		return fmt.Sprintf("%v %s", t.addr, why)
	}
	return fmt.Sprintf("%v of %s %s", t.addr, t.peer.Name, why)
}

// ownAddresses returns the addresses of all interfaces, sorted.
func ownAddresses() ([]netip.Addr, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("look up own addresses: %w", err)
	}
	var own []netip.Addr
	for _, a := range addrs {
		if prefix, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(prefix.IP); ok {
				own = append(own, addr.Unmap())
			}
		}
	}
	slices.SortFunc(own, netip.Addr.Compare)
	return slices.Compact(own), nil
}

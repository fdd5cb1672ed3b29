package sane

import (
	"context"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// host is what some checks know of this host. It does not change once it is made.
// Nil knows nothing.
type host struct {
	own        addresses
	broadcasts addresses
	mtu        uint32 // of the sending interface; 0: not known
}

func (h *host) isOwn(addr netip.Addr) bool { return h != nil && h.own.has(addr) }

func (h *host) isBroadcast(addr netip.Addr) bool { return h != nil && h.broadcasts.has(addr) }

// addresses is a set. Most addresses that are asked for are not in it, as the bits tell at less
// cost than the map: there is one for all addresses with the same last six bits.
type addresses struct {
	bits uint64
	all  map[netip.Addr]struct{}
}

func (s *addresses) add(addr netip.Addr) {
	if s.all == nil {
		s.all = map[netip.Addr]struct{}{}
	}
	s.all[addr] = struct{}{}
	s.bits |= bitOf(addr)
}

func (s *addresses) has(addr netip.Addr) bool {
	if s.bits&bitOf(addr) == 0 {
		return false
	}
	_, ok := s.all[addr]
	return ok
}

func bitOf(addr netip.Addr) uint64 { return 1 << (addr.As16()[15] % 64) }

// fits reports whether a link of the MTU may be what keeps the host's packets back.
func (h *host) fits(mtu uint32) bool { return h == nil || h.mtu == 0 || mtu < h.mtu }

// Open reads what the checks that are on need of the host, and keeps it up to date.
func (f *filter) Open(context.Context) (err error) {
	if f.asksHost() {
		f.watcher, err = hostnet.Watch(f.look, f.log)
	}
	return err
}

// Close ends what Open began.
func (f *filter) Close() error {
	w := f.watcher
	f.watcher = nil
	return w.Close()
}

// Needs returns what Open uses: see [pipeline.HostUser].
func (f *filter) Needs() (n pipeline.Needs) {
	if f.asksHost() {
		n.Families = []string{"AF_NETLINK"}
	}
	if f.asksInterface() {
		n.Interfaces = []string{f.settings.Interface}
	}
	return n
}

func (f *filter) asksHost() bool {
	return f.settings.OwnSource || f.settings.BroadcastTarget || f.asksInterface()
}

func (f *filter) asksInterface() bool { return f.settings.InterfaceMTU && f.settings.Interface != "" }

func (f *filter) look() error {
	addrs, err := hostnet.Addresses("")
	if err != nil {
		return err
	}
	h := new(host)
	for _, a := range addrs {
		h.own.add(a.Addr())
		if broadcast, ok := broadcastOf(a); ok {
			h.broadcasts.add(broadcast)
		}
	}
	if f.asksInterface() {
		mtu, err := hostnet.MTU(f.settings.Interface)
		if err != nil {
			return err
		}
		h.mtu = uint32(mtu)
	}
	f.host.Store(h)
	return nil
}

// broadcastOf returns the broadcast address of an address' network, as the kernel
// has it (fib_add_ifaddr in net/ipv4/fib_frontend.c).
func broadcastOf(p netip.Prefix) (netip.Addr, bool) {
	if !p.Addr().Is4() || p.Bits() > 30 {
		return netip.Addr{}, false
	}
	bytes := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(bytes), true
}

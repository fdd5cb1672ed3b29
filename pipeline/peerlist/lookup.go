package peerlist

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// peer is an entry of the list.
type peer struct {
	Address
	counts
	again bool // it is listed before

	// Used by update alone.
	addrs   [2][]netip.Addr // the last good answers for A and AAAA, sorted
	due     time.Time       // of the next look-up
	backoff time.Duration   // until the next try after a failure; 0 while all is well
	broken  error           // why the last look-up had no answer at all

	before progress // of the goroutine that updates
}

func newPeer(a Address) *peer {
	p := &peer{Address: a}
	if a.Name == "" {
		p.addrs[0] = []netip.Addr{a.IP}
	}
	return p
}

// firstBackoff is the time until a failed look-up is tried again. It doubles with
// each failure, up to the refresh interval.
const firstBackoff = 250 * time.Millisecond

// lookUp asks for a name's addresses. A family for which there is no answer keeps
// its last good one, and so does a name that does not exist any more: DNS may be
// broken, and a needless copy does no harm.
func (p *peer) lookUp(ctx context.Context) error {
	ipv4, err4 := lookUpFamily(ctx, "ip4", p.Name)
	ipv6, err6 := lookUpFamily(ctx, "ip6", p.Name)
	if isNotFound(err4) && isNotFound(err6) {
		return err4
	}
	if err4 == nil || isNotFound(err4) {
		p.addrs[0], err4 = ipv4, nil
	}
	if err6 == nil || isNotFound(err6) {
		p.addrs[1], err6 = ipv6, nil
	}
	return errors.Join(err4, err6)
}

func lookUpFamily(ctx context.Context, network, name string) ([]netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, network, name)
	if err != nil {
		return nil, err
	}
	for i, addr := range addrs {
		addrs[i] = addr.Unmap()
	}
	// Servers shuffle their answers, which is no change.
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs), nil
}

// isNotFound reports whether a name has no address, or none of the family: a
// [net.AddrError] is what names in /etc/hosts give that have some of the other one.
func isNotFound(err error) bool {
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return true
	}
	e, ok := errors.AsType[*net.DNSError](err)
	return ok && e.IsNotFound
}

// setBroken notes a look-up that failed for another reason than that there is no
// such name.
func (p *peer) setBroken(err error) {
	p.broken = nil
	if err != nil && !isNotFound(err) {
		p.broken = fmt.Errorf("no peer is known: %w", err)
	}
}

// schedule notes the result of a look-up at now. It reports whether the name began
// or ceased to fail with it.
func (p *peer) schedule(now time.Time, err error, refresh time.Duration) (turned bool) {
	wasFailing := p.backoff > 0
	switch {
	case err == nil:
		p.backoff = 0
		p.due = now.Add(refresh)
		return wasFailing
	case wasFailing:
		p.backoff = min(2*p.backoff, refresh)
	default:
		p.backoff = min(firstBackoff, refresh)
	}
	p.due = now.Add(p.backoff)
	return !wasFailing
}

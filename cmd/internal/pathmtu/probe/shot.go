package probe

import (
	"net/netip"
	"time"
)

// shot is a probe.
type shot struct {
	size int // bytes of the IP packet
	ttl  int
	echo bool // by ICMP echo instead of UDP
}

// kind is what came of a shot.
type kind uint8

const (
	nothing  kind = iota
	arrived       // at the host, which has answered
	exceeded      // the TTL ended at a router
	tooBig        // for the link behind a router
	local         // too big for this host's interface, or unsendable
	refused       // a router says that there is no way
)

// reply is what came of a shot.
type reply struct {
	kind   kind
	from   netip.Addr
	mtu    int // of tooBig and local
	ttl    int // of the answer's packet; 0 is unknown
	after  time.Duration
	reason string // of refused
}

// got reports whether the shot got as far as its TTL allows.
func (r reply) got() bool { return r.kind == arrived || r.kind == exceeded }

// back estimates how many hops an answer came over: systems begin with one of three TTLs.
func (r reply) back() int {
	for _, begin := range []int{64, 128, 255} {
		if r.ttl > 0 && r.ttl <= begin {
			return begin - r.ttl + 1
		}
	}
	return 0
}

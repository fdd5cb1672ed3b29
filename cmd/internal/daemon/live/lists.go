package live

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/clientprefix"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/heavy"
)

// About how many packets a second the lists of one pipeline look at: while nobody reads them, and
// while somebody does.
const (
	SamplesAtRest = 100
	SamplesLooked = 2000
)

// lookedFor is how long somebody who has read the lists is expected to come again.
const lookedFor = time.Minute

// Counters of each list, per generation.
const (
	addressCounters = 1024 // routers, clients
	otherCounters   = 256  // targets, MTUs
)

// mostPending is how many samples wait to be counted, at most. More come in a second only when a
// flood begins.
const mostPending = 2048

// generation is how long a generation of the lists lasts. They cover the last one and the
// current one.
const generation = 30 * time.Second

// address is an IP address as a key; one of IPv4 is mapped into IPv6.
type address [16]byte

func (a address) addr() netip.Addr { return netip.AddrFrom16(a).Unmap() }

// Lists are the heaviest routers, clients, targets and next-hop MTUs of one pipeline.
type Lists struct {
	mu       sync.Mutex
	old, now *sketches // nil before the first packet
	began    time.Time // of the old generation, or of the current one if there is none
	turned   time.Time // the current generation began
	stride   uint64    // one packet of so many is looked at, on average
	skip     uint64    // packets before the next one to look at
	samples  uint64    // in this second
	looked   time.Time // somebody read the lists
	random   uint64    // state of xorshift
	pending  []sample  // not counted yet; nil before the first packet
	messages messages
}

// sample is what the lists want of a packet. Addresses that it does not have are invalid.
type sample struct {
	router, client, target netip.Addr
	mtu                    uint32 // if hasMTU
	hasMTU, dropped        bool
	weight                 uint64
	at                     pipeline.Instant // of the capture
}

// sketches are one generation.
type sketches struct {
	routers, clients, targets *heavy.Sketch[address]
	mtus                      *heavy.Sketch[uint32]
}

func newSketches() *sketches {
	return &sketches{
		heavy.New[address](addressCounters), heavy.New[address](addressCounters),
		heavy.New[address](otherCounters), heavy.New[uint32](otherCounters),
	}
}

func newLists(now time.Time) *Lists {
	return &Lists{began: now, turned: now, stride: 1, random: uint64(now.UnixNano()) | 1, messages: newMessages()}
}

// sample looks at some of the packets, unless somebody reads or counts at that moment.
func (l *Lists) sample(packets []pipeline.Packet) {
	if !l.mu.TryLock() {
		return
	}
	defer l.mu.Unlock()
	at := l.skip
	for n := uint64(len(packets)); at < n; at += l.gap() {
		l.keep(&packets[at])
	}
	l.skip = at - uint64(len(packets))
}

// gap returns how far away the next packet to look at is: 1 to twice the stride less one,
// evenly.
func (l *Lists) gap() uint64 {
	if l.stride == 1 {
		return 1
	}
	l.random ^= l.random << 13
	l.random ^= l.random >> 7
	l.random ^= l.random << 17
	return 1 + (l.random>>32)*(2*l.stride-1)>>32
}

// keep puts a packet with those that are to be counted.
func (l *Lists) keep(p *pipeline.Packet) {
	if l.pending == nil {
		l.pending = make([]sample, 0, mostPending) // once
	}
	s := sample{router: p.Router(), target: p.Target(), weight: l.stride, dropped: !p.Verdict.Forward(), at: p.Time}
	s.mtu, s.hasMTU = p.MTU()
	if q, ok := p.Quoted(); ok {
		s.client = q.Dst
	}
	l.samples++
	if l.pending = append(l.pending, s); len(l.pending) == mostPending {
		l.count()
		l.stride *= 2
	}
}

// count counts the samples that are pending. One by one, each would find the lists out of the CPU's
// caches.
func (l *Lists) count() {
	if l.now == nil && len(l.pending) > 0 {
		l.now, l.old = newSketches(), newSketches() // once
	}
	for _, s := range l.pending {
		dropped := uint64(0)
		if s.dropped {
			dropped = s.weight
		}
		if s.router.IsValid() {
			l.now.routers.Add(s.router.As16(), s.weight, dropped)
		}
		if s.target.IsValid() {
			l.now.targets.Add(s.target.As16(), s.weight, dropped)
		}
		if s.hasMTU {
			l.now.mtus.Add(s.mtu, s.weight, dropped)
		}
		if s.client.IsValid() {
			l.now.clients.Add(clientprefix.Of(s.client).Addr().As16(), s.weight, dropped)
			l.messages.add(s)
		}
	}
	l.pending = l.pending[:0]
}

// tick is called once a second.
func (l *Lists) tick(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	most := uint64(SamplesAtRest)
	if now.Sub(l.looked) < lookedFor {
		most = SamplesLooked
	}
	switch {
	case l.samples > most:
		l.stride *= 2
	case l.samples < most/2 && l.stride > 1:
		l.stride /= 2
	}
	l.samples = 0
	if now.Sub(l.turned) < generation {
		return
	}
	l.began, l.turned = l.turned, now
	if l.now != nil {
		l.old, l.now = l.now, l.old
		for _, s := range []*heavy.Sketch[address]{l.now.routers, l.now.clients, l.now.targets} {
			s.Reset()
		}
		l.now.mtus.Reset()
	}
}

// Top is what lists hold: packets since Since, the heaviest keys first.
type Top struct {
	Since                     time.Time
	Routers, Clients, Targets List[netip.Prefix]
	MTUs                      List[uint32]
	Stride                    uint64 // one packet of so many is looked at now
}

// List is one of the lists.
type List[K comparable] struct {
	Entries []heavy.Entry[K]
	Total   uint64 // packets, estimated where it is a sample
	Bound   uint64 // a key that is not in the sketch has at most so many packets
}

// top returns the n heaviest keys of each list.
func (l *Lists) top(n int) Top {
	l.mu.Lock()
	l.count()
	l.looked = time.Now()
	t := Top{Since: l.began, Stride: l.stride}
	var routers, clients, targets List[address]
	if l.now != nil {
		routers = read(l.old.routers, l.now.routers)
		clients = read(l.old.clients, l.now.clients)
		targets = read(l.old.targets, l.now.targets)
		t.MTUs = read(l.old.mtus, l.now.mtus)
	}
	l.mu.Unlock()
	t.Routers = prefixes(largest(routers, n), 32, 128)
	t.Clients = prefixes(largest(clients, n), clientprefix.Bits4, clientprefix.Bits6)
	t.Targets = prefixes(largest(targets, n), 32, 128)
	t.MTUs = largest(t.MTUs, n)
	return t
}

// read copies both generations of a list. An entry that both have appears twice.
func read[K comparable](old, now *heavy.Sketch[K]) List[K] {
	entries := slices.Grow([]heavy.Entry[K](nil), old.Counters()+now.Counters())
	return List[K]{now.Entries(old.Entries(entries)), old.Total() + now.Total(), old.Bound() + now.Bound()}
}

// largest adds up the entries that both generations have and keeps the n largest. Sketches
// can be merged so (Agarwal and others: "Mergeable Summaries", PODS 2012): errors add up.
func largest[K comparable](l List[K], n int) List[K] {
	at := map[K]int{}
	merged := l.Entries[:0]
	for _, e := range l.Entries {
		if i, ok := at[e.Key]; ok {
			merged[i].Count += e.Count
			merged[i].Error += e.Error
			merged[i].Marked += e.Marked
			continue
		}
		at[e.Key] = len(merged)
		merged = append(merged, e)
	}
	l.Entries = heavy.Largest(merged, n)
	return l
}

func prefixes(l List[address], bits4, bits6 int) List[netip.Prefix] {
	out := List[netip.Prefix]{Total: l.Total, Bound: l.Bound}
	for _, e := range l.Entries {
		a, bits := e.Key.addr(), bits6
		if a.Is4() {
			bits = bits4
		}
		out.Entries = append(out.Entries, heavy.Entry[netip.Prefix]{
			Key: netip.PrefixFrom(a, bits), Count: e.Count, Error: e.Error, Marked: e.Marked,
		})
	}
	return out
}

package report

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/clientprefix"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/heavy"
)

// listed is the largest number of lines of a list.
const listed = 10

// Counters of the lists, which bound their memory.
const (
	addressCounters = 8192
	mtuCounters     = 1024
)

// lists find the most frequent next-hop MTUs, routers and clients of captured packets.
type lists struct {
	mtus    *heavy.Sketch[uint32]
	routers *heavy.Sketch[netip.Addr]
	clients *heavy.Sketch[netip.Prefix]
}

func newLists() *lists {
	return &lists{
		heavy.New[uint32](mtuCounters), heavy.New[netip.Addr](addressCounters), heavy.New[netip.Prefix](addressCounters),
	}
}

func (l *lists) add(p *pipeline.Packet) {
	dropped := uint64(1)
	if p.Verdict.Forward() {
		dropped = 0
	}
	if mtu, ok := p.MTU(); ok {
		l.mtus.Add(mtu, 1, dropped)
	}
	if a := p.Router(); a.IsValid() {
		l.routers.Add(a, 1, dropped)
	}
	if q, ok := p.Quoted(); ok {
		l.clients.Add(clientprefix.Of(q.Dst), 1, dropped)
	}
}

// top is the heaviest keys of a list.
type top[K comparable] struct {
	entries []heavy.Entry[K]
	others  uint64 // packets of all other keys
	most    uint64 // that any other key can have
	exact   bool   // each key had a counter of its own
}

// topOf returns the heaviest keys, equal ones ordered by compare.
func topOf[K comparable](s *heavy.Sketch[K], compare func(a, b K) int) top[K] {
	entries := s.Entries(nil)
	slices.SortFunc(entries, func(a, b heavy.Entry[K]) int { return compare(a.Key, b.Key) })
	entries = heavy.Largest(entries, len(entries))
	n := min(listed, len(entries))
	t := top[K]{entries: entries[:n], others: s.Total(), most: s.Bound(), exact: true}
	for i, e := range entries {
		t.exact = t.exact && e.Error == 0
		if i < n {
			t.others -= e.Certain()
		} else {
			t.most = max(t.most, e.Count)
		}
	}
	return t
}

func (l *lists) topMTUs() top[uint32]        { return topOf(l.mtus, cmp.Compare[uint32]) }
func (l *lists) topRouters() top[netip.Addr] { return topOf(l.routers, netip.Addr.Compare) }
func (l *lists) topClients() top[netip.Prefix] {
	return topOf(l.clients, netip.Prefix.Compare)
}

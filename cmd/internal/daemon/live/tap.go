package live

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pmtud/pmtud/pipeline"
)

// ringSize is how many packets wait for the reader of a tap.
const ringSize = 512

// headLen is how much of a packet is kept for a reader who wants no bytes: the headers of
// the message and of the packet that it quotes.
const headLen = 512

// Selection says which packets a tap gets. The zero value selects all.
type Selection struct {
	Pipeline string
	Verdict  string // "forward", "drop" or empty
	Stage    string
	Reason   string

	// A packet must be in one of the prefixes, unless there are none.
	Routers, Clients, Targets []netip.Prefix

	// Bounds of the next-hop MTU, inclusive, unless MostMTU is 0.
	LeastMTU, MostMTU uint32

	// Filter lets a selected packet pass. Nil: every one. It belongs to the tap.
	Filter pipeline.Filter
}

// Record is a packet that a tap selected.
type Record struct {
	Pipeline string
	Packet   pipeline.Packet // with bytes of its own, perhaps fewer than were captured
	Captured int             // bytes
	Sinks    []string        // that got it
	Filtered bool            // sinks have filters, so Sinks has something to say
}

// Missed counts packets that a reader does not get.
type Missed struct {
	Lost    uint64 // the reader was too slow
	Skipped uint64 // beyond the rate that the reader asked for
	Unread  uint64 // left in the kernel, since a limit was exhausted; selected or not
}

// Tap gets the packets that its selection lets pass. One goroutine reads it.
type Tap struct {
	live      *Live
	selection Selection
	data      bool
	budget    int // packets between two readings
	unread    atomic.Uint64
	busy      atomic.Uint64 // lost while the reader held the lock

	mu            sync.Mutex
	ring          []Record // its first used ones wait
	used          int
	left          int // of the budget
	lost, skipped uint64
	over          uint64 // the budget of this reading; not yet part of either

	spare []Record // the reader's: exchanged with ring
}

// newTap returns a tap for a reader that takes so many packets between two readings, with
// all of their bytes or their headers only.
func newTap(l *Live, s Selection, budget int, data bool) *Tap {
	budget = min(max(budget, 1), ringSize)
	return &Tap{
		live: l, selection: s, data: data, budget: budget, left: budget,
		ring: make([]Record, ringSize), spare: make([]Record, ringSize),
	}
}

// Read returns what has come since the last call, until the next one, and what was missed
// in all. It does not wait. Late says that the reader comes later than it wanted to: what
// was beyond its budget is then lost by its slowness.
func (t *Tap) Read(late bool) ([]Record, Missed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if late {
		t.lost += t.over
	} else {
		t.skipped += t.over
	}
	t.over = 0
	n := t.used
	t.ring, t.spare = t.spare, t.ring
	t.used, t.left = 0, t.budget
	return t.spare[:n], Missed{t.lost + t.busy.Load(), t.skipped, t.unread.Load()}
}

// Close ends the tap.
func (t *Tap) Close() { t.live.remove(t) }

// watch takes what the tap selects. It runs under the pipeline's lock.
func (t *Tap) watch(pipeline string, d pipeline.Decided) {
	s := &t.selection
	if s.Pipeline != "" && s.Pipeline != pipeline {
		return
	}
	if !t.mu.TryLock() {
		for i := range d.Packets {
			if s.plain(&d.Packets[i]) {
				t.busy.Add(1)
			}
		}
		return
	}
	defer t.mu.Unlock()
	defer t.survive()
	for i := range d.Packets {
		p := &d.Packets[i]
		if !s.plain(p) || s.Filter != nil && s.Filter.Filter(p) != 0 {
			continue
		}
		switch {
		case t.left == 0:
			t.over++
		case t.used == len(t.ring):
			t.lost++
		default:
			t.left--
			t.keep(pipeline, d, i)
		}
	}
}

// survive keeps a filter that panics from being the pipeline's trouble.
func (t *Tap) survive() {
	if recover() != nil {
		t.lost++
	}
}

// keep copies packet number i.
func (t *Tap) keep(pipeline string, d pipeline.Decided, i int) {
	r, p := &t.ring[t.used], &d.Packets[i]
	t.used++
	data := p.Data
	if !t.data {
		data = data[:min(len(data), headLen)]
	}
	own := append(r.Packet.Data[:0], data...)
	r.Pipeline, r.Packet, r.Captured = pipeline, *p, len(p.Data)
	r.Packet.Data = own
	r.Sinks, r.Filtered = d.Sinks(r.Sinks[:0], i), d.SinksFilter
}

// plain reports whether a packet is selected by everything but the filter.
func (s *Selection) plain(p *pipeline.Packet) bool {
	switch {
	case s.Verdict == "forward" && !p.Verdict.Forward(),
		s.Verdict == "drop" && p.Verdict.Forward(),
		s.Stage != "" && s.Stage != p.Verdict.Stage,
		s.Reason != "" && s.Reason != p.Verdict.Reason,
		!in(s.Routers, p.Router), !in(s.Targets, p.Target):
		return false
	}
	if s.MostMTU > 0 {
		if mtu, ok := p.MTU(); !ok || mtu < s.LeastMTU || mtu > s.MostMTU {
			return false
		}
	}
	return in(s.Clients, func() netip.Addr {
		q, _ := p.Quoted()
		return q.Dst
	})
}

// in reports whether one of the prefixes holds the address, or there are none.
func in(prefixes []netip.Prefix, addr func() netip.Addr) bool {
	if len(prefixes) == 0 {
		return true
	}
	a := addr()
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

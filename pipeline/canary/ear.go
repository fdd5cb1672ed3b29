package canary

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// MaxPeers is how many servers are remembered.
	MaxPeers = 1024

	// maxWays bounds the ways by which one is heard: there are as many as types of sources.
	maxWays = 8

	// newcomers is the number of names of which one canary came that are remembered.
	newcomers = 4096

	// forgetAfter is how long a server must have been silent to be forgotten.
	forgetAfter = 7 * 24 * time.Hour

	// scanInterval is how often a full table is looked through for such servers.
	scanInterval = time.Minute
)

// Ear counts whom this host heard. It is safe for concurrent use.
type Ear struct {
	seed maphash.Seed

	mu        sync.Mutex
	name      string // of this host
	instance  uint64
	peers     map[string]*peer
	newcomers [newcomers]uint64 // digests of names, each at a place that follows from it
	scanned   int64             // when the full table was last looked through
	taken     int64             // when another host was heard by this one's name; 0: never
	malformed uint64
	overflow  uint64
}

type peer struct {
	name      string
	instance  uint64
	interval  time.Duration
	addresses []netip.Addr
	raw       []byte // addresses as they came
	ways      []way
}

type way struct {
	name  string
	last  int64 // nanoseconds since 1970
	count uint64
}

// NewEar returns an Ear that has heard nobody.
func NewEar() *Ear { return &Ear{seed: maphash.MakeSeed(), peers: make(map[string]*peer)} }

// SetOwn tells the Ear what this host calls itself, so that it does not hear itself.
func (e *Ear) SetOwn(name string, instance uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.name, e.instance = name, instance
}

// Hear takes the payload of a canary ([Payload]) that came by a way at a time in nanoseconds since
// 1970. It allocates nothing unless the server is new, or has a new instance or new addresses.
func (e *Ear) Hear(payload []byte, by string, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := parse(payload)
	switch {
	case !ok:
		e.malformed++
		return
	case string(m.name) == e.name && m.instance == e.instance:
		return
	case string(m.name) == e.name:
		e.taken = at
		return
	}
	p := e.peers[string(m.name)]
	if p == nil {
		if p = e.admit(m.name, at); p == nil {
			return
		}
	}
	p.hear(m, by, at)
}

func (p *peer) hear(m read, by string, at int64) {
	if p.instance != m.instance {
		p.instance, p.ways = m.instance, nil // it may not send by all of them any more
	}
	p.interval = m.interval
	if string(m.addresses) != string(p.raw) {
		p.raw, p.addresses = slices.Clone(m.addresses), m.addrs()
	}
	i := slices.IndexFunc(p.ways, func(w way) bool { return w.name == by })
	if i < 0 && len(p.ways) < maxWays {
		i = len(p.ways)
		p.ways = append(p.ways, way{name: by})
	}
	if i >= 0 {
		w := &p.ways[i]
		w.last = max(w.last, at)
		w.count++
	}
}

// admit enters a name into the table, unless this is the first time that it is heard or there is no room.
func (e *Ear) admit(name []byte, at int64) *peer {
	digest := maphash.Bytes(e.seed, name)
	place := &e.newcomers[digest%newcomers]
	if *place != digest {
		*place = digest
		return nil
	}
	if len(e.peers) >= MaxPeers && (at-e.scanned >= int64(scanInterval) || e.scanned > at) {
		e.scanned = at
		e.forget(at)
	}
	if len(e.peers) >= MaxPeers {
		e.overflow++
		return nil
	}
	p := &peer{name: string(name)}
	e.peers[p.name] = p
	return p
}

// forget removes servers that have been silent for long.
func (e *Ear) forget(now int64) {
	for name, p := range e.peers {
		if now-p.last() > int64(forgetAfter) {
			delete(e.peers, name)
		}
	}
}

func (p *peer) last() (at int64) {
	for _, w := range p.ways {
		at = max(at, w.last)
	}
	return at
}

// Report is whom a host has heard.
type Report struct {
	Peers     []Peer    // by name
	Taken     time.Time // when another host was last heard by this one's name; zero: never
	Malformed uint64    // canaries that could not be read
	Overflow  uint64    // canaries of servers for which there was no room
}

// Peer is a server that was heard twice.
type Peer struct {
	Name      string
	Interval  time.Duration // as it announces it
	Addresses []netip.Addr
	Ways      []Way // by name
}

// Way is how a server is heard: broadcast, peers, or the type of a source.
type Way struct {
	Name  string
	Last  time.Time
	Count uint64 // canaries
}

// Report returns whom the host has heard, now.
func (e *Ear) Report(now time.Time) Report {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget(now.UnixNano())
	r := Report{Malformed: e.malformed, Overflow: e.overflow}
	if e.taken != 0 {
		r.Taken = time.Unix(0, e.taken)
	}
	for _, p := range e.peers {
		out := Peer{Name: p.name, Interval: p.interval, Addresses: slices.Clone(p.addresses)}
		for _, w := range p.ways {
			out.Ways = append(out.Ways, Way{w.name, time.Unix(0, w.last), w.count})
		}
		slices.SortFunc(out.Ways, func(a, b Way) int { return cmp.Compare(a.Name, b.Name) })
		r.Peers = append(r.Peers, out)
	}
	slices.SortFunc(r.Peers, func(a, b Peer) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

// Last returns when the server was last heard, by whatever way.
func (p Peer) Last() (last time.Time) {
	for _, w := range p.Ways {
		if w.Last.After(last) {
			last = w.Last
		}
	}
	return last
}

// Heard reports whether something that was heard last at a time is not silent: no more than two
// intervals have passed.
func (p Peer) Heard(last, now time.Time) bool { return now.Sub(last) <= 2*p.Interval }

// Package dedup has the filter `dedup`, which passes only a few copies of the same
// news: that packets to a client have to be smaller.
//
// Many connections of one client, and many packets of one connection, make a router
// send the same news many times. Linux keeps a path MTU for 600 s, so one copy is
// enough for a receiver, and a second one is for a frame that got lost.
//
// # What passes
//
// Two packets are the same news if their keys are equal: by default the client (the
// destination of the quoted packet) and the MTU; see
// [github.com/pmtud/pmtud/pipeline/key]. A packet is a duplicate if `copies` packets
// of its key passed less than `window` before it. So in any stretch of time of that
// length, wherever it begins, at most `copies` pass: the filter remembers when each
// of them did. A packet passed if every filter of the list let it: what a rate limit
// refuses was never sent on and counts as no copy. Packets that are dropped as
// duplicates prolong nothing.
//
// A PTB that quotes too little for any receiver ([pipeline.Packet.Usable]) is no news
// and never passes, or it would keep back the usable one behind it.
//
// # When the table is full
//
// The filter remembers max_entries keys. A new one takes the place of the key of
// which the last copy passed longest ago. This has an effect only if max_entries
// other keys passed within the window of the one forgotten: then copies of that one
// pass too early, which early_evictions_total counts. A full table never drops
// anything. Only packets that pass enter the table: behind an iface-rate with rate r
// and burst b, no key is ever forgotten early if max_entries is at least
// r × window + b, however many packets are forged.
//
// # What an attacker can do
//
// Who forges messages with the key of genuine ones uses up their copies. With the
// default key he has to know or guess a client and the MTU of its path, and to send
// `copies` messages per window; receivers ignore those, as they quote no connection,
// and the genuine ones are dropped. With `flow` and `mtu` as the key he has to guess
// the quoted ports too, as he would for a receiver to believe him; with `router`,
// he has to forge the address of the client's router, which is easier to find out.
// No key makes the filter pass more than a limit behind it allows, but forged
// clients, MTUs or flows are all different, so that it takes such a limit: dedup is
// no rate limit of its own.
//
// # Which key
//
// A receiver believes only news that quotes a connection of its own. So a client
// with connections to several servers needs a message about one of each: with the
// default key the first `copies` heal one server each, perhaps the same one, and the
// others follow in later windows. With `flow` and `mtu` every connection has its own
// copies, and more is sent. The MTU belongs to every key, since another MTU is
// other news.
package dedup

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/limit"
)

// Reasons to drop a packet.
const (
	Duplicate pipeline.Reason = iota + 1 // enough copies of it have passed
	Unusable                             // no receiver can use what it quotes
)

// Settings of the filter. With as many keys and copies as there may be, the tables
// take 2.8 GiB.
type Settings struct {
	Copies int           `setting:"copies" min:"1" max:"16" example:"2" doc:"copies that pass within a window"`
	Window time.Duration `setting:"window" min:"1ms" max:"1h" example:"1s" doc:"how long a copy that passed counts"`
	Key    key.Fields    `setting:"key" enum:"router,router-prefix,client,client-prefix,target,mtu,flow" example:"flow,mtu" doc:"fields to compare: packets are copies if all of these are equal"`

	key.Prefixes

	MaxEntries int `setting:"max_entries" min:"1" max:"16777216" example:"65536" doc:"keys to remember, at most 56 bytes each and 8 for each copy"`
}

// Plugin returns the filter `dedup`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "dedup",
		Summary: "passes only a few copies of the same message within a time window",
		Reasons: pipeline.Reasons{
			Duplicate: {Name: "duplicate", Doc: "enough copies of the same message passed within the window"},
			Unusable:  {Name: "unusable", Doc: "the PTB quotes too little for any receiver to use"},
		},
		Metrics: []pipeline.MetricInfo{
			entriesMetric: {Name: "entries", Doc: "keys remembered, of at most max_entries"},
			earlyMetric:   {Name: "early_evictions_total", Doc: "keys forgotten within their window to make room for others: max_entries is too small"},
		},
		Defaults: Settings{
			Copies: 2, Window: time.Second, MaxEntries: 65536,
			Key: key.Fields{key.Client, key.MTU}, Prefixes: key.DefaultPrefixes(),
		},
		New: New,
	})
}

// New returns the filter, a [pipeline.Limiter] and [pipeline.Measurer].
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	news, err := key.New("key", s.Key, s.Prefixes)
	if err != nil {
		return nil, err
	}
	return &filter{
		window: pipeline.Instant(s.Window),
		news:   news,
		slots:  limit.NewTable[key.Key, slot](s.MaxEntries),
		times:  make([]pipeline.Instant, s.MaxEntries*s.Copies),
		copies: s.Copies,
	}, nil
}

// slot is where the times of a key's copies stand, counted in keys.
type slot uint32

// never is the time of a copy that has not passed yet.
const never pipeline.Instant = math.MinInt64

type filter struct {
	window pipeline.Instant
	news   *key.Extractor
	slots  *limit.Table[key.Key, slot]
	times  []pipeline.Instant // when the last copies of each key passed
	copies int

	// Of the packet that Filter saw last, for Charge.
	key   key.Key
	ref   limit.Ref
	slot  slot
	known bool

	// For Measure.
	entries, early atomic.Uint64
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	if p.PTB != 0 && !p.Usable() {
		return Unusable
	}
	f.key = f.news.Key(p)
	f.ref, f.slot, f.known = f.slots.Find(f.key)
	if f.known && f.within(f.passed(f.slot)[0], p.Clock) {
		return Duplicate
	}
	return pipeline.Pass
}

// Charge notes that a copy passed.
func (f *filter) Charge(p *pipeline.Packet) {
	if !f.known {
		f.slot = f.vacate(p.Clock)
	}
	f.slots.Set(f.ref, f.key, f.slot)
	passed := f.passed(f.slot)
	copy(passed, passed[1:])
	passed[f.copies-1] = p.Clock
}

// passed returns when the last copies passed, the oldest first.
func (f *filter) passed(s slot) []pipeline.Instant {
	at := int(s) * f.copies
	return f.times[at : at+f.copies]
}

// within reports whether a copy that passed at the time t counts now.
func (f *filter) within(t, now pipeline.Instant) bool { return t > now-f.window }

// vacate returns the slot of the key that the next new one takes the place of, or
// a free one, without times.
func (f *filter) vacate(now pipeline.Instant) slot {
	s, full := f.slots.Oldest()
	if !full {
		s = slot(f.slots.Len())
	}
	passed := f.passed(s)
	f.count(full, full && f.within(passed[f.copies-1], now))
	for i := range passed {
		passed[i] = never
	}
	return s
}

package flow

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/limit"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Reasons to drop a packet.
const (
	NoFlow   pipeline.Reason = iota + 1 // this host does not have the flow
	FlowHere                            // it does, and so no other host needs the message
	Overload                            // nobody could be asked
)

// Settings of the filter.
type Settings struct {
	Match      Match         `setting:"match" required:"true" enum:"here,elsewhere" example:"here" doc:"here passes messages about connections of this host, elsewhere all others"`
	Tables     Tables        `setting:"tables" enum:"sockets,conntrack" example:"sockets,conntrack" doc:"where to look: this host's sockets, and netfilter's connection tracking, which needs CAP_NET_ADMIN"`
	Queries    float64       `setting:"queries" min:"1" max:"1000000" example:"2000" doc:"maximum number of kernel lookups per second"`
	Overload   Overloaded    `setting:"overload" enum:"pass,drop" example:"drop" doc:"what to do with messages that cannot be looked up, because of queries or an error"`
	Cache      time.Duration `setting:"cache" min:"0s" max:"1m" example:"1s" doc:"how long to remember an answer"`
	MaxEntries int           `setting:"max_entries" min:"1" max:"1048576" example:"16384" doc:"answers to remember, at most 64 bytes each"`
}

// Plugin returns the filter `flow`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "flow",
		Summary: "passes messages depending on whether this host has the connection that they are about",
		Reasons: pipeline.Reasons{
			NoFlow:   {Name: "no-flow", Doc: "this host does not have the connection, or the message quotes no ports"},
			FlowHere: {Name: "flow-here", Doc: "this host has the connection, so no other host needs the message"},
			Overload: {Name: "overload", Doc: "the connection could not be looked up, because of queries or an error"},
		},
		Metrics: []pipeline.MetricInfo{
			hereMetric:    {Name: "here_total", Doc: "messages about a connection of this host"},
			queriesMetric: {Name: "queries_total", Doc: "kernel lookups"},
			unknownMetric: {Name: "unknown_total", Doc: "messages that could not be looked up"},
		},
		Defaults: Settings{
			Tables: Tables{Sockets}, Queries: 1000, Overload: PassOnOverload, Cache: time.Second, MaxEntries: 16384,
		},
		New: New,
	})
}

// New returns the filter.
func New(s Settings, env pipeline.Env) (pipeline.Filter, error) {
	if err := s.Tables.check(); err != nil {
		return nil, setting.Errorf("tables", "%w", err)
	}
	rate, err := limit.NewRate(s.Queries, 0)
	if err != nil {
		return nil, err
	}
	flows, err := key.New("key", key.Fields{key.Flow}, key.DefaultPrefixes())
	if err != nil {
		return nil, err
	}
	return &filter{
		Settings: s, log: env.Log, rate: rate, bucket: limit.Full, flows: flows,
		answers: limit.NewTable[key.Key, cached](s.MaxEntries),
	}, nil
}

type filter struct {
	Settings
	log *slog.Logger

	rate    limit.Rate
	bucket  limit.Bucket // of questions
	flows   *key.Extractor
	answers *limit.Table[key.Key, cached]
	tables  []table         // nil before Open
	quoted  pipeline.Quoted // of the packet at hand

	here, queries, unknown atomic.Uint64
	broken                 atomic.Pointer[error] // of the last question; nil while all is well
}

// answer is what is known of a flow.
type answer uint8

const (
	unknown answer = iota
	absent
	present
)

// cached is an answer that holds for a while.
type cached struct {
	answer answer
	at     pipeline.Instant
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	q, ok := p.Quoted()
	switch {
	case f.tables == nil || ok && !tracked(q.Protocol):
		return pipeline.Pass
	case !ok || !q.HasPorts:
		return f.decide(absent)
	}
	f.quoted = q
	a := f.find(p)
	switch a {
	case present:
		f.here.Add(1)
	case unknown:
		f.unknown.Add(1)
	}
	return f.decide(a)
}

// decide returns the reason to drop a message with this answer, or Pass.
func (f *filter) decide(a answer) pipeline.Reason {
	switch {
	case a == unknown && f.Overload == DropOnOverload:
		return Overload
	case a == absent && f.Match == Here:
		return NoFlow
	case a == present && f.Match == Elsewhere:
		return FlowHere
	}
	return pipeline.Pass
}

// find returns the cached answer about the quoted packet's flow, or asks.
func (f *filter) find(p *pipeline.Packet) answer {
	k := f.flows.Key(p)
	ref, c, known := f.answers.Find(k)
	if known && p.Clock-c.at < pipeline.Instant(f.Cache) {
		return c.answer
	}
	a := f.ask(p.Clock)
	if a != unknown {
		f.answers.Set(ref, k, cached{a, p.Clock})
	}
	return a
}

// ask asks one table after the other for the flow, as far as the limit of queries allows.
func (f *filter) ask(now pipeline.Instant) answer {
	answer := absent
	for _, t := range f.tables {
		if !f.rate.Has(f.bucket, now) {
			return unknown
		}
		f.bucket = f.rate.Charge(f.bucket, now)
		f.queries.Add(1)
		found, err := t.has(&f.quoted)
		f.report(err)
		switch {
		case found:
			return present
		case err != nil:
			answer = unknown
		}
	}
	return answer
}

// report logs the first of a row of errors, and keeps it for Health.
func (f *filter) report(err error) {
	before := f.broken.Load()
	if err == nil {
		if before != nil {
			f.broken.Store(nil)
		}
		return
	}
	f.setBroken(err)
	if before == nil {
		f.log.Warn("can't look up flows", "error", err)
	}
}

func (f *filter) setBroken(err error) { f.broken.Store(&err) }

// Health is [pipeline.HealthChecker]: the last question had no answer.
func (f *filter) Health() error {
	if err := f.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// tracked reports whether flows of a protocol can be looked up.
func tracked(p wire.Protocol) bool { return p == wire.ProtoTCP || p == wire.ProtoUDP }

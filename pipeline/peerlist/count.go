package peerlist

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// failure is why a peer missed a message.
type failure uint8

// Failures. The comments name the error numbers of sendmmsg(2).
const (
	queueFull     failure = iota // ENOBUFS, EAGAIN, ENOMEM: the interface's queue or the send buffer
	noRoute                      // ENETUNREACH, EHOSTUNREACH; EINVAL of a blackhole route
	prohibited                   // EACCES, EPERM: a route or a packet filter forbids it
	tooLong                      // EMSGSIZE
	interfaceDown                // ENETDOWN, ENXIO, ENODEV
	other
	failures // the number of them
)

var failureNames = [failures]string{"queue-full", "no-route", "prohibited", "too-long", "interface-down", "other"}

// counts of one peer. Deliver writes them, anyone may read them.
type counts struct {
	sent   atomic.Uint64
	failed [failures]atomic.Uint64
}

// missed returns the number of messages that the peer missed.
func (c *counts) missed() (sum uint64) {
	for why := range c.failed {
		sum += c.failed[why].Load()
	}
	return sum
}

// Count counts what happened to the messages for one entry of the list. A host
// name stands for all its addresses together.
type Count struct {
	Peer   string // as it is listed
	Sent   uint64
	Failed []pipeline.ReasonCount // the same reasons for every peer
}

// Counters returns the counters of all peers, in the order of the list. It is safe
// for concurrent use.
func (l *List) Counters() []Count {
	out := make([]Count, 0, len(l.peers))
	for _, p := range l.peers {
		c := Count{Peer: p.String(), Sent: p.sent.Load()}
		for why := range p.failed {
			c.Failed = append(c.Failed, pipeline.ReasonCount{Reason: failureNames[why], Packets: p.failed[why].Load()})
		}
		out = append(out, c)
	}
	return out
}

// logFailures writes a line for each peer that missed messages.
func (l *List) logFailures() {
	for _, p := range l.peers {
		if failed := p.failures(); len(failed) > 0 {
			l.config.Log.Warn("peer missed messages", "peer", p.String(), "sent", p.sent.Load(), slog.Group("failed", failed...))
		}
	}
}

// failures returns the counts of messages that were missed, for the log.
func (c *counts) failures() (failed []any) {
	for why := range c.failed {
		if n := c.failed[why].Load(); n > 0 {
			failed = append(failed, slog.Uint64(failureNames[why], n))
		}
	}
	return failed
}

// failureInterval is how often peers that get nothing are looked for.
const failureInterval = 10 * time.Second

// progress is what is known of a peer since it was last looked at.
type progress struct {
	sent, missed uint64
	failing      bool // and the log says so
}

// logFailing writes a line for each peer that got none of the messages since the last call, and one
// when that is over.
func (l *List) logFailing() {
	for _, p := range l.peers {
		now := progress{p.sent.Load(), p.missed(), p.before.failing}
		switch {
		case now.sent > p.before.sent && now.failing:
			now.failing = false
			l.config.Log.Info("peer gets messages again", "peer", p.String())
		case now.sent == p.before.sent && now.missed > p.before.missed && !now.failing:
			now.failing = true
			l.config.Log.Warn("peer gets no messages", "peer", p.String(), slog.Group("failed", p.failures()...))
		}
		p.before = now
	}
}

package relay

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// receiver decides about datagrams. It belongs to the goroutine of Run, but for its counts.
type receiver struct {
	opener  *sealed.Opener
	from    *prefixset.Set // nil: anybody
	arrived *seen.Memory
	log     *slog.Logger
	counts

	warned time.Time // when a clock was last complained about
}

// receive fills p with the packet of a datagram, unless it is refused. The packet's bytes
// lie within the datagram.
func (r *receiver) receive(p *pipeline.Packet, datagram []byte, from netip.Addr, now time.Time) bool {
	r.received.Add(1)
	if r.from != nil && !r.from.Has(from) {
		r.refused[notAllowed].Add(1)
		return false
	}
	ip, fault := r.opener.Open(datagram, now)
	if fault == sealed.TooOld {
		r.warnOfClock(from, now)
	}
	if fault != sealed.OK {
		r.refused[fault].Add(1)
		return false
	}
	r.senders.Store(int64(r.opener.Senders()))
	if r.arrived.Add(r.arrived.Packet(ip), now.UnixNano()) {
		r.refused[repeated].Add(1)
		return false
	}
	*p = pipeline.Packet{
		Data: ip, Length: len(ip), Time: pipeline.InstantOf(now),
		LinkType: linklayer.Raw, Origin: pipeline.OriginRelay,
	}
	return true
}

// warnOfClock logs that somebody with the key has another time, at most once a minute.
func (r *receiver) warnOfClock(from netip.Addr, now time.Time) {
	if now.Sub(r.warned) < time.Minute {
		return
	}
	r.warned = now
	r.log.Warn("an authentic datagram is refused: it is a replay, or the clocks of the two hosts differ by more than "+sealed.MaxAge.String(),
		"from", from)
}

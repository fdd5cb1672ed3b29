package pipeline

import (
	"time"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Instant is a point in packet time: nanoseconds since 1970-01-01 00:00 UTC.
// Differences of two Instants are nanoseconds, as [time.Duration] is.
type Instant int64

// InstantOf converts t, to the nanosecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixNano()) }

// Time converts i to a time in UTC.
func (i Instant) Time() time.Time { return time.Unix(0, int64(i)).UTC() }

// Packet is one captured packet, what the engine decoded of it and what became
// of it. A source fills Data, Length, Time, LinkType and Type; the engine fills
// the rest before any filter sees the packet.
type Packet struct {
	// Data holds the captured bytes from the link-layer header on, or from the
	// IP header on for link types without one. It is lent: see the package's
	// documentation.
	Data []byte

	// Length is the packet's length on the wire in bytes; greater than
	// len(Data) when the capture holds only its beginning.
	Length int

	// Time is the capture's time stamp, 0 if it has none.
	Time Instant

	// LinkType says how Data begins.
	LinkType linklayer.Type

	// Type is to whom the link layer sent the packet, where the source knows.
	Type linklayer.PacketType

	// Origin is how the packet came to this host. A source sets it.
	Origin Origin

	// Clock is the pipeline's time at this packet. It is Time, but never before
	// that of an earlier packet.
	Clock Instant

	// View is what was decoded of Data.
	View

	// ReadPort is the quoted packet's source port as a filter read it in order to
	// decide, or -1 while none did. It is for display: [Packet.Quoted] has the
	// port of every packet that has one.
	ReadPort int32

	// Verdict is the decision of the pipeline's filters, known to sinks.
	Verdict Verdict
}

// NewPacket returns a whole packet as a source delivers it. Data begins with the header that
// link tells, and is lent: it is not copied.
func NewPacket(data []byte, link linklayer.Type, at time.Time) Packet {
	return Packet{Data: data, Length: len(data), Time: InstantOf(at), LinkType: link}
}

// Truncated reports whether the capture lacks bytes of the packet.
func (p *Packet) Truncated() bool { return len(p.Data) < p.Length }

// copyFrom makes p a copy of q with bytes of its own, in the space that p has.
func (p *Packet) copyFrom(q *Packet) {
	own := p.Data[:0]
	*p = *q
	p.Data = append(own, q.Data...)
}

// Verdict is a decision about a packet: the zero value forwards it, otherwise it
// names the stage that dropped it and why.
type Verdict struct {
	Stage  string
	Reason string
}

// Forward reports whether the packet passed.
func (v Verdict) Forward() bool { return v.Reason == "" }

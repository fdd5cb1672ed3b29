package sealed

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/dchest/siphash"

	"github.com/pmtud/pmtud/pipeline/limit"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Opener opens what senders with one of its keys sealed, each datagram once. It is not safe
// for concurrent use.
type Opener struct {
	// MaxAge is how far the times of sender and receiver may be apart: the constant MaxAge
	// unless it is set before the first datagram.
	MaxAge time.Duration

	keys    []Key
	senders *limit.Table[senderID, int32] // index of windows
	windows []window
	floor   int64 // unknown senders are believed only behind this time
}

// senderID is the key of a table.
type senderID [senderLen]byte

// Hash is [limit.Key].
func (s senderID) Hash(seed limit.Seed) uint64 { return siphash.Hash(seed[0], seed[1], s[:]) }

// DefaultSenders is a number of senders to remember: more than there are peers, since a
// sender that starts again is a new one.
const DefaultSenders = 8192

// NewOpener makes an Opener that remembers a number of senders, with some 200 bytes for each
// that there is.
func NewOpener(keys []Key, senders int) *Opener {
	return &Opener{
		MaxAge:  MaxAge,
		keys:    keys,
		senders: limit.NewTable[senderID, int32](senders),
		windows: make([]window, senders),
	}
}

// Senders returns the number of senders that are remembered.
func (o *Opener) Senders() int { return o.senders.Len() }

// Open returns the IP packet of a datagram, or why it is refused. The packet lies within the
// datagram, whose bytes are changed.
func (o *Opener) Open(datagram []byte, now time.Time) (packet []byte, _ Fault) {
	if len(datagram) < Overhead || len(datagram) > Overhead+MaxPacket || datagram[0] != version {
		return nil, Malformed
	}
	key := o.key([idLen]byte(datagram[1:]))
	if key == nil {
		return nil, UnknownKey
	}
	sender := senderID(datagram[headerLen:])
	counter := binary.BigEndian.Uint64(datagram[headerLen+senderLen:])
	ref, index, known := o.senders.Find(sender)
	if counter == math.MaxUint64 || known && o.windows[index].has(counter) {
		return nil, Replayed
	}
	header, nonce, text := datagram[:headerLen], datagram[headerLen:headerLen+nonceLen], datagram[headerLen+nonceLen:]
	plain, err := key.aead.Open(text[:0], nonce, text, header)
	if err != nil {
		return nil, Forged
	}
	sealed := int64(binary.BigEndian.Uint64(plain))
	if age := now.UnixNano() - sealed; age > int64(o.MaxAge) || age < -int64(o.MaxAge) {
		return nil, TooOld
	}
	if !known {
		if sealed <= o.floor {
			return nil, Replayed
		}
		index = o.vacate()
	}
	o.senders.Set(ref, sender, index)
	o.windows[index].add(counter, sealed)
	if packet = plain[timeLen:]; !IsIP(packet) {
		return nil, NotIP
	}
	return packet, OK
}

func (o *Opener) key(id [idLen]byte) *Key {
	for i := range o.keys {
		if o.keys[i].id == id {
			return &o.keys[i]
		}
	}
	return nil
}

// vacate returns the place of a new sender, which may be that of the one that was not heard
// for the longest time.
func (o *Opener) vacate() int32 {
	index, full := o.senders.Oldest()
	if !full {
		index = int32(o.senders.Len())
	}
	o.floor = max(o.floor, o.windows[index].latest)
	o.windows[index] = window{}
	return index
}

// IsIP reports whether b is one whole IP packet.
func IsIP(b []byte) bool {
	ip := wire.ParseIP(b)
	return ip.HeaderLen() >= wire.IPv4Len && ip.Len() == len(b)
}

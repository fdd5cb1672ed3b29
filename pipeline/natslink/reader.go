package natslink

import (
	"time"

	"github.com/pmtud/pmtud/pipeline/sealed"
)

// Fault is why a message was refused.
type Fault uint8

// Faults, in the order of the checks.
const (
	OK           Fault = iota
	TooLarge           // longer than any message can be
	OtherVersion       // of a format that is not known
	NotSealed          // plain, though there is a key
	UnknownKey         // sealed with another key, or sealed though there is none
	Malformed          // too short
	Replayed           // it, or too many newer ones of the same sender, came before
	Forged             // other bytes than were sealed
	TooOld             // sent too long ago, or ahead, by this host's clock
	NotIP              // not the whole of one IPv4 or IPv6 packet
	Faults             // the number of them, OK included
)

var faultNames = [Faults]string{
	"ok", "too-large", "other-version", "not-sealed", "unknown-key", "malformed", "replayed", "forged", "too-old", "not-ip",
}

// String returns the fault in kebab-case.
func (f Fault) String() string { return faultNames[min(f, NotIP)] }

// ofSealed are the faults of package sealed.
var ofSealed = [sealed.Faults]Fault{
	sealed.OK: OK, sealed.Malformed: Malformed, sealed.UnknownKey: UnknownKey, sealed.Replayed: Replayed,
	sealed.Forged: Forged, sealed.TooOld: TooOld, sealed.NotIP: NotIP,
}

// senders is how many senders of sealed messages are remembered: those of ten sites with a
// thousand servers each, all of which started again.
const senders = 32768

// Reader opens messages. It is not safe for concurrent use.
type Reader struct {
	opener *sealed.Opener // nil: messages are plain
	maxAge time.Duration
}

// NewReader returns a reader for settings that [Settings.Check] found right. It refuses what is
// older than maxAge.
func NewReader(s *Settings, maxAge time.Duration) (*Reader, error) {
	keys, err := s.keys()
	if err != nil || keys == nil {
		return &Reader{maxAge: maxAge}, err
	}
	opener := sealed.NewOpener(keys, senders)
	opener.MaxAge = maxAge
	return &Reader{opener, maxAge}, nil
}

// Open returns the IP packet of a message, or why it is refused. The packet lies within the
// message, whose bytes may be changed.
func (r *Reader) Open(message []byte, now time.Time) (packet []byte, _ Fault) {
	switch {
	case len(message) > Overhead+sealed.MaxPacket:
		return nil, TooLarge
	case len(message) == 0:
		return nil, Malformed
	case message[0] != sealedVersion && message[0] != plainVersion:
		return nil, OtherVersion
	case message[0] == sealedVersion && r.opener == nil:
		return nil, UnknownKey
	case message[0] == plainVersion && r.opener != nil:
		return nil, NotSealed
	case r.opener != nil:
		packet, fault := r.opener.Open(message, now)
		return packet, ofSealed[fault]
	}
	return r.openPlain(message, now)
}

func (r *Reader) openPlain(message []byte, now time.Time) (packet []byte, _ Fault) {
	sent, packet, ok := parsePlain(message)
	switch {
	case !ok:
		return nil, Malformed
	case now.Sub(sent) > r.maxAge || sent.Sub(now) > r.maxAge:
		return nil, TooOld
	case !sealed.IsIP(packet):
		return nil, NotIP
	}
	return packet, OK
}

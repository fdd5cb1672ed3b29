package natslink

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// First bytes of messages.
const (
	sealedVersion = 1   // of package sealed
	plainVersion  = 129 // the plain format, version 1
)

// Lengths in bytes of the plain format.
const (
	senderLen = 16
	timeLen   = 8
	plainLen  = 1 + senderLen + timeLen
)

// plainer writes messages that are not sealed.
type plainer struct{ sender [senderLen]byte }

func newPlainer() *plainer {
	p := new(plainer)
	_, _ = rand.Read(p.sender[:]) // never fails
	return p
}

// append appends the message with an IP packet.
func (p *plainer) append(dst, packet []byte, now time.Time) []byte {
	dst = append(dst, plainVersion)
	dst = append(dst, p.sender[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(now.UnixNano()))
	return append(dst, packet...)
}

// parsePlain returns the time and the IP packet of a message.
func parsePlain(message []byte) (sent time.Time, packet []byte, ok bool) {
	if len(message) < plainLen || message[0] != plainVersion {
		return time.Time{}, nil, false
	}
	nanos := int64(binary.BigEndian.Uint64(message[1+senderLen:]))
	return time.Unix(0, nanos), message[plainLen:], true
}

package sealed

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Sealer seals packets as one sender. It is not safe for concurrent use.
type Sealer struct {
	key     Key
	sender  [senderLen]byte
	counter uint64
	plain   []byte
}

// NewSealer makes a sender with an id that nobody has used.
func NewSealer(key Key) *Sealer {
	s := &Sealer{key: key, plain: make([]byte, 0, timeLen+MaxPacket)}
	if _, err := rand.Read(s.sender[:]); err != nil {
		panic(err) // it never fails
	}
	return s
}

// Seal appends the sealed IP packet, of at most MaxPacket bytes, to dst. It does not
// allocate if dst has room for Overhead bytes more than the packet.
func (s *Sealer) Seal(dst, packet []byte, now time.Time) []byte {
	start := len(dst)
	dst = append(dst, version)
	dst = append(dst, s.key.id[:]...)
	dst = append(dst, s.sender[:]...)
	dst = binary.BigEndian.AppendUint64(dst, s.counter)
	s.counter++
	s.plain = binary.BigEndian.AppendUint64(s.plain[:0], uint64(now.UnixNano()))
	s.plain = append(s.plain, packet...)
	header := dst[start : start+headerLen]
	nonce := dst[start+headerLen:]
	return s.key.aead.Seal(dst, nonce, s.plain, header)
}

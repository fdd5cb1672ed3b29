package sealed

import "time"

// Lengths in bytes.
const (
	idLen      = 3
	headerLen  = 1 + idLen // version and key id
	senderLen  = 16
	counterLen = 8
	nonceLen   = senderLen + counterLen
	timeLen    = 8
	tagLen     = 16

	// Overhead is how much longer a sealed packet is.
	Overhead = headerLen + nonceLen + timeLen + tagLen

	// MaxPacket is the length of the longest IP packet that fits into a UDP datagram over
	// IPv6 for an MTU of 1,500 bytes. The longest PTB that RFC 4443 allows has 1,280.
	MaxPacket = 1500 - 40 - 8 - Overhead
)

const version = 1

// MaxAge is how far the times of sender and receiver may be apart.
const MaxAge = 2 * time.Minute

// WindowLen is how far behind the newest datagram of a sender another one may come.
const WindowLen = 1024

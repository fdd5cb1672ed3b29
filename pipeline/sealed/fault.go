package sealed

// Fault is why a datagram was refused.
type Fault uint8

// Faults, in the order of the checks.
const (
	OK         Fault = iota
	Malformed        // too short or too long, or of another version
	UnknownKey       // the key id is none of the receiver's
	Replayed         // the datagram, or too many newer ones of the same sender, came before
	Forged           // the tag is wrong: other bytes, or another key
	TooOld           // sealed more than MaxAge ago, or ahead, by this host's clock
	NotIP            // not the whole of one IPv4 or IPv6 packet
	Faults           // the number of them, OK included
)

// String returns the fault in kebab-case.
func (f Fault) String() string {
	return [...]string{"ok", "malformed", "unknown-key", "replayed", "forged", "too-old", "not-ip"}[min(f, NotIP)]
}

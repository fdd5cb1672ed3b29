package wire

// The functions here read headers that may be cut anywhere. Ok reports whether the
// field is there, in a packet of version 4 or 6.

// Version returns the version in an IP header, 0 if b is empty.
func Version(b []byte) uint8 {
	if len(b) == 0 {
		return 0
	}
	return b[0] >> 4
}

// HeaderLen returns what [IP.HeaderLen] does.
func HeaderLen(version uint8, b []byte) (n int, ok bool) {
	switch {
	case version == 4 && len(b) > 0:
		return IPv4(b).HeaderLen(), true
	case version == 6:
		return IPv6Len, true
	}
	return 0, false
}

// Len returns what [IP.Len] does.
func Len(version uint8, b []byte) (n int, ok bool) {
	switch {
	case version == 4 && len(b) >= 4:
		return IPv4(b).Len(), true
	case version == 6 && len(b) >= 6:
		return IPv6(b).Len(), true
	}
	return 0, false
}

// Offsets of the TTL and the hop limit.
const (
	ipv4TTL = 8
	ipv6TTL = 7
)

// TTL returns what [IP.TTL] does.
func TTL(version uint8, b []byte) (ttl uint8, ok bool) {
	switch {
	case version == 4 && len(b) > ipv4TTL:
		return b[ipv4TTL], true
	case version == 6 && len(b) > ipv6TTL:
		return b[ipv6TTL], true
	}
	return 0, false
}

package sane

import "encoding/binary"

// sum adds the 16-bit words of b to a ones' complement sum, the last octet of an odd
// number as the high one (RFC 1071). It adds 32 bits at a time, and leaves the carries
// in the upper half, where an IP packet's can't overflow.
func sum(total uint64, b []byte) uint64 {
	for len(b) >= 16 {
		x, y := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		total += x>>32 + x&0xffffffff + y>>32 + y&0xffffffff
		b = b[16:]
	}
	for len(b) >= 4 {
		total += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return total + uint64(binary.BigEndian.Uint32(last[:]))
}

// isRight reports whether the sum over octets and their checksum is that of octets
// which arrived as they were sent.
func isRight(total uint64) bool {
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return total == 0xffff
}

// pseudoHeader returns the sum over what IPv6 puts before an ICMPv6 message of n
// octets for the checksum (RFC 8200, section 8.1); addrs are both addresses.
func pseudoHeader(addrs []byte, n int) uint64 {
	return sum(uint64(n)+protoICMPv6, addrs)
}

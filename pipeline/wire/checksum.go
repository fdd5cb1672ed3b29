package wire

import (
	"encoding/binary"
	"math/bits"
)

// Sum adds the 16-bit words of b to a ones' complement sum, the last byte of an odd
// number as the high one (RFC 1071). It adds 64 bits at a time, whose carries come back
// in at the low end (section 2 (C) there).
func Sum(sum uint64, b []byte) uint64 {
	carry := uint64(0)
	for len(b) >= 32 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[8:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[16:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[24:]), carry)
		b = b[32:]
	}
	for len(b) >= 4 {
		sum, carry = bits.Add64(sum, uint64(binary.BigEndian.Uint32(b)), carry)
		b = b[4:]
	}
	last := uint64(0)
	switch len(b) {
	case 3:
		last = uint64(binary.BigEndian.Uint16(b)) + uint64(b[2])<<8
	case 2:
		last = uint64(binary.BigEndian.Uint16(b))
	case 1:
		last = uint64(b[0]) << 8
	}
	sum, carry = bits.Add64(sum, last, carry)
	return sum + carry // without overflow, as last is small
}

// Checksum returns the checksum of a sum. It is 0 for a sum over bytes with their
// checksum that arrived as they were sent.
func Checksum(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// Offsets of the checksums of IPv4 and of ICMP and ICMPv6.
const (
	ipv4Checksum = 10
	icmpChecksum = 2
)

// ICMPSum returns the sum over an ICMP message of the packet. For ICMPv6 the
// pseudo-header counts.
func (ip IP) ICMPSum(message []byte) uint64 {
	sum := uint64(0)
	if ip.Version == 6 {
		sum = Sum(uint64(len(message))+uint64(ProtoICMPv6), ip.Bytes[8:IPv6Len])
	}
	return Sum(sum, message)
}

// SetICMPChecksum writes the checksum of an ICMP message of the packet into it.
func (ip IP) SetICMPChecksum(message []byte) {
	field := message[icmpChecksum:]
	binary.BigEndian.PutUint16(field, 0)
	binary.BigEndian.PutUint16(field, Checksum(ip.ICMPSum(message)))
}

// SetChecksum writes the checksum of an IPv4 header without options. An IPv6 header
// has none.
func (ip IP) SetChecksum() {
	if ip.Version != 4 {
		return
	}
	field := ip.Bytes[ipv4Checksum:]
	binary.BigEndian.PutUint16(field, 0)
	binary.BigEndian.PutUint16(field, Checksum(Sum(0, ip.Bytes[:IPv4Len])))
}

// SetTTL sets the TTL or the hop limit. The checksum of an IPv4 header changes as RFC
// 1624 (equation 3) has it, so a wrong one stays wrong.
func (ip IP) SetTTL(ttl uint8) {
	switch ip.Version {
	case 4:
		word, sum := ip.Bytes[ipv4TTL:], ip.Bytes[ipv4Checksum:]
		before := binary.BigEndian.Uint16(word)
		word[0] = ttl
		after := binary.BigEndian.Uint16(word)
		checksum := Checksum(uint64(^binary.BigEndian.Uint16(sum)) + uint64(^before) + uint64(after))
		binary.BigEndian.PutUint16(sum, checksum)
	case 6:
		ip.Bytes[ipv6TTL] = ttl
	}
}

package pipeline_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Headers for tables of packets, outermost first: join(ethernet(0x0800), ip4(), …).

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

func ethernet(etherType uint16) []byte {
	return join([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, be16(etherType))
}

func tag(etherType uint16) []byte { return join(be16(7), be16(etherType)) }

func sll(packetType uint8, etherType uint16) []byte {
	return join([]byte{0, packetType, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, be16(etherType))
}

func sll2(packetType uint8, etherType uint16) []byte {
	return join(be16(etherType), make([]byte, 8), []byte{packetType, 6}, make([]byte, 8))
}

var (
	router4, target4 = netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("192.0.2.1")
	client4          = netip.MustParseAddr("198.51.100.7")
	router6, target6 = netip.MustParseAddr("2001:db8:f::1"), netip.MustParseAddr("2001:db8::1")
	client6          = netip.MustParseAddr("2001:db8:c::7")
)

// change alters a header's bytes at offset at.
func change(header []byte, at int, octets ...byte) []byte {
	header = slices.Clone(header)
	copy(header[at:], octets)
	return header
}

// ip4 is an IPv4 header without options.
func ip4(proto uint8, src, dst netip.Addr) []byte {
	h := make([]byte, 12, 20)
	h[0], h[3], h[8], h[9] = 0x45, 200, 60, proto
	return append(append(h, src.AsSlice()...), dst.AsSlice()...)
}

// options makes the length of an IPv4 header that of n more words, and adds them.
func options(header []byte, n int) []byte {
	return append(change(header, 0, header[0]+byte(n)), make([]byte, 4*n)...)
}

func ip6(next uint8, src, dst netip.Addr) []byte {
	h := make([]byte, 8, 40)
	h[0], h[5], h[6], h[7] = 0x60, 200, next, 60
	return append(append(h, src.AsSlice()...), dst.AsSlice()...)
}

// extension is an IPv6 extension header of 8 + 8n bytes.
func extension(next uint8, n int) []byte {
	return join([]byte{next, byte(n)}, make([]byte, 6+8*n))
}

func fragment(next uint8, offset uint16) []byte {
	return join([]byte{next, 0}, be16(offset<<3|1), make([]byte, 4))
}

// authentication is an IPv6 authentication header of 8 + 4n bytes.
func authentication(next uint8, n int) []byte {
	return join([]byte{next, byte(n)}, make([]byte, 6+4*n))
}

func outer4() []byte { return ip4(1, router4, target4) }

func outer6() []byte { return ip6(58, router6, target6) }

func icmp4(mtu uint16) []byte { return join([]byte{3, 4, 0, 0, 0, 0}, be16(mtu)) }

func icmp6(mtu uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{2, 0, 0, 0}, mtu)
}

// tcp is the beginning of a TCP header, as long as RFC 792 has it quoted.
func tcp() []byte { return join(be16(443), be16(40000), make([]byte, 4)) }

func quote4() []byte { return join(ip4(6, target4, client4), tcp()) }

func quote6() []byte { return join(ip6(6, target6, client6), tcp()) }

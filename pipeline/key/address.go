package key

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
)

// Lengths of IP headers in octets, without options.
const (
	ipv4Len = 20
	ipv6Len = 40
)

// addressLen is the length of an appended address in octets.
const addressLen = 17

// address is an IP address or a prefix: its octets as two big-endian numbers. The
// version is 0 when there is none.
type address struct {
	high, low uint64
	version   uint8
}

// source and destination return an address of an IP header.
func source(ip []byte, version uint8) address      { return addressAt(ip, version, 12, 8) }
func destination(ip []byte, version uint8) address { return addressAt(ip, version, 16, 24) }

// addressAt returns the address at offset v4 or v6 of an IP header.
func addressAt(ip []byte, version uint8, v4, v6 int) (a address) {
	switch {
	case version == 4 && len(ip) >= ipv4Len:
		return address{low: uint64(binary.BigEndian.Uint32(ip[v4:])), version: 4}
	case version == 6 && len(ip) >= ipv6Len:
		return address{binary.BigEndian.Uint64(ip[v6:]), binary.BigEndian.Uint64(ip[v6+8:]), 6}
	}
	return a
}

// outer returns the packet's own IP header with its version, 0 if it is none.
func outer(p *pipeline.Packet) (ip []byte, version uint8) {
	if p.Network < 0 {
		return nil, 0
	}
	switch p.EtherType {
	case pipeline.EtherTypeIPv4:
		version = 4
	case pipeline.EtherTypeIPv6:
		version = 6
	}
	return p.Data[p.Network:], version
}

// quoted returns the quoted IP header as outer does.
func quoted(p *pipeline.Packet) (ip []byte, version uint8) {
	ip = p.Quote()
	if len(ip) == 0 {
		return nil, 0
	}
	return ip, ip[0] >> 4
}

func (a address) append(b []byte) []byte {
	b = append(b, a.version)
	b = binary.BigEndian.AppendUint64(b, a.high)
	return binary.BigEndian.AppendUint64(b, a.low)
}

// masks cut addresses to prefixes.
type masks struct{ v4, high6, low6 uint64 }

func newMasks(bits4, bits6 int) masks {
	return masks{
		v4:    ^uint64(0) << (32 - bits4),
		high6: ^uint64(0) << max(64-bits6, 0),
		low6:  ^uint64(0) << min(128-bits6, 64),
	}
}

func (m masks) prefix(a address) address {
	if a.version == 4 {
		a.low &= m.v4
		return a
	}
	a.high &= m.high6
	a.low &= m.low6
	return a
}

package key

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// address is an IP address or a prefix: its bytes as two big-endian numbers. The
// version is 0 when there is none.
type address struct {
	high, low uint64
	version   uint8
}

// source returns the source address of a packet.
func source(ip wire.IP) address {
	switch ip.Version {
	case 4:
		return ipv4(wire.IPv4(ip.Bytes).Src())
	case 6:
		return ipv6(wire.IPv6(ip.Bytes).Src())
	}
	return address{}
}

// destination returns the destination address of a packet.
func destination(ip wire.IP) address {
	switch ip.Version {
	case 4:
		return ipv4(wire.IPv4(ip.Bytes).Dst())
	case 6:
		return ipv6(wire.IPv6(ip.Bytes).Dst())
	}
	return address{}
}

func ipv4(b []byte) address {
	return address{low: uint64(binary.BigEndian.Uint32(b)), version: 4}
}

func ipv6(b []byte) address {
	return address{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), 6}
}

// quoted returns the packet that a packet quotes.
func quoted(p *pipeline.Packet) wire.IP { return wire.ParseIP(p.Quote()) }

// masks cut addresses to prefixes.
type masks struct{ v4, high6, low6 uint64 }

func newMasks(bits4, bits6 int) masks {
	return masks{
		v4:    ^uint64(0) << (32 - bits4),
		high6: ^uint64(0) << max(64-bits6, 0),
		low6:  ^uint64(0) << (128 - bits6),
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

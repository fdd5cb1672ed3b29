package expr

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// field is what an expression may ask of a packet.
type field struct {
	name    string
	kind    kind
	quoted  bool    // of the quoted packet
	values  span    // that it may have, but for an address
	number  number  // of numbers and protocols
	address address // of addresses
}

// kind is the type of a part of an expression.
type kind uint8

const (
	aNumber kind = iota + 1
	aProtocol
	anAddress
	aText
)

func (k kind) String() string {
	return [...]string{"", "a number", "a protocol", "an address", "a text"}[k]
}

// allFields lists the fields in the order of the documentation.
func allFields() []*field {
	return []*field{
		{name: "router", kind: anAddress, address: func(v *view) netip.Addr { return v.packet.Router() }},
		{name: "target", kind: anAddress, address: func(v *view) netip.Addr { return v.packet.Target() }},
		{name: "family", kind: aNumber, values: span{4, 6}, number: family},
		{name: "ttl", kind: aNumber, values: span{0, math.MaxUint8}, number: ttl},
		{name: "mtu", kind: aNumber, values: span{0, math.MaxUint32}, number: mtu},
		{name: "src", kind: anAddress, quoted: true, address: func(v *view) netip.Addr { return v.quoted.Src }},
		{name: "dst", kind: anAddress, quoted: true, address: func(v *view) netip.Addr { return v.quoted.Dst }},
		{name: "proto", kind: aProtocol, quoted: true, values: span{0, math.MaxUint8}, number: func(v *view) (int64, bool) { return int64(v.quoted.Protocol), v.quotes }},
		{name: "sport", kind: aNumber, quoted: true, values: span{0, math.MaxUint16}, number: func(v *view) (int64, bool) { return int64(v.quoted.SrcPort), v.quoted.HasPorts }},
		{name: "dport", kind: aNumber, quoted: true, values: span{0, math.MaxUint16}, number: func(v *view) (int64, bool) { return int64(v.quoted.DstPort), v.quoted.HasPorts }},
		{name: "quoted_length", kind: aNumber, quoted: true, values: span{0, wire.IPv6Len + math.MaxUint16}, number: func(v *view) (int64, bool) { return int64(v.quoted.Length), v.quotes }},
		{name: "length", kind: aNumber, values: span{0, math.MaxUint32}, number: func(v *view) (int64, bool) { return int64(v.packet.Length), true }},
		{name: "vlan", kind: aNumber, values: span{0, 4095}, number: vlan},
	}
}

func family(v *view) (int64, bool) {
	version := v.packet.Version()
	return int64(version), version != 0
}

func ttl(v *view) (int64, bool) {
	ttl, ok := v.packet.TTL()
	return int64(ttl), ok
}

func mtu(v *view) (int64, bool) {
	mtu, ok := v.packet.MTU()
	return int64(mtu), ok
}

func vlan(v *view) (int64, bool) {
	if v.packet.Tag == 0 || v.packet.Network < wire.VLANTagLen {
		return 0, false
	}
	return int64(binary.BigEndian.Uint16(v.packet.Data[v.packet.Network-wire.VLANTagLen:]) & 0xfff), true
}

// show returns the field's value of a packet as text.
func (f *field) show(v *view) string {
	if f.kind == anAddress {
		if addr := f.address(v); addr.IsValid() {
			return addr.String()
		}
		return "unknown"
	}
	n, known := f.number(v)
	switch {
	case !known:
		return "unknown"
	case f.kind == aProtocol:
		return wire.Protocol(n).String()
	}
	return strconv.FormatInt(n, 10)
}

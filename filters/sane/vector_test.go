package sane_test

import (
	"encoding/binary"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// vector is a PTB to be made with gopacket's layers. Zero fields get what a router
// would send.
type vector struct {
	v6       bool
	src, dst string
	mtu      uint32
	noMTU    bool // an IPv4 router from before RFC 1191

	options      []layers.IPv4Option // of the outer header
	offset       uint16              // of an outer fragment, in units of 8 bytes
	more         bool
	fragmentable []byte // of IPv6: a fragment header instead of ICMPv6

	quotedV6           bool // the quoted packet is of the version that v6 does not tell
	quotedSrc, quoted  string
	quotedProto        layers.IPProtocol
	quotedFrag         uint16
	inner              []byte // begins what the quoted packet carries
	carries            int    // bytes that the quoted packet carries; 1468
	quoteLen           int    // of the quoted packet in the message; 100
	quotedLength       int    // claimed instead of the right one; -1 is 0
	unlike             bool   // quote the other IP version
	extensions         []byte // behind the quote (RFC 4884)
	vlan               uint16
	padding, truncated int                    // bytes behind the message; bytes of its end that the capture lacks
	change             func(ip []byte)        // last, so that checksums are wrong
	link               func(*pipeline.Packet) // the very last
}

func (v vector) withDefaults() vector {
	set := func(s *string, v4, v6 string, is6 bool) {
		switch {
		case *s != "":
		case is6:
			*s = v6
		default:
			*s = v4
		}
	}
	v.quotedV6 = v.v6 != v.unlike
	set(&v.src, "203.0.113.1", "2001:db8:f::1", v.v6)
	set(&v.dst, "192.0.2.1", "2001:db8::1", v.v6)
	set(&v.quotedSrc, "192.0.2.1", "2001:db8::1", v.quotedV6)
	set(&v.quoted, "198.51.100.7", "2001:db8:c::7", v.quotedV6)
	if v.mtu == 0 && !v.noMTU {
		v.mtu = 1400
	}
	if v.quotedProto == 0 && v.inner == nil {
		v.quotedProto = layers.IPProtocolTCP
	}
	if v.carries == 0 {
		v.carries = 1468
	}
	if v.quoteLen == 0 {
		v.quoteLen = 100
	}
	return v
}

// packet returns the message in an Ethernet frame.
func (v vector) packet() pipeline.Packet {
	v = v.withDefaults()
	stack := v.link2()
	if v.v6 {
		stack = append(stack, v.outer6()...)
	} else {
		stack = append(stack, v.outer4()...)
	}
	frame := serialize(true, stack...)
	header := 14
	if v.vlan != 0 {
		header += 4
	}
	if v.change != nil {
		v.change(frame[header:])
	}
	frame = append(frame, make([]byte, v.padding)...)
	p := pipeline.Packet{
		Data: frame[:len(frame)-v.truncated], Length: len(frame),
		Time: pipelinetest.Begin, LinkType: linklayer.Ethernet,
	}
	if v.link != nil {
		v.link(&p)
	}
	return p
}

func (v vector) link2() []gopacket.SerializableLayer {
	etherType := layers.EthernetTypeIPv4
	if v.v6 {
		etherType = layers.EthernetTypeIPv6
	}
	ethernet := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: etherType}
	if v.vlan == 0 {
		return []gopacket.SerializableLayer{ethernet}
	}
	ethernet.EthernetType = layers.EthernetTypeDot1Q
	return []gopacket.SerializableLayer{ethernet, &layers.Dot1Q{VLANIdentifier: v.vlan, Type: etherType}}
}

func (v vector) outer4() []gopacket.SerializableLayer {
	ip := &layers.IPv4{
		Version: 4, TTL: 60, Protocol: layers.IPProtocolICMPv4, Options: v.options,
		SrcIP: net.ParseIP(v.src), DstIP: net.ParseIP(v.dst), FragOffset: v.offset,
	}
	if v.more {
		ip.Flags = layers.IPv4MoreFragments
	}
	icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 4), Seq: uint16(v.mtu)}
	return []gopacket.SerializableLayer{ip, icmp, gopacket.Payload(v.quote())}
}

func (v vector) outer6() []gopacket.SerializableLayer {
	ip := &layers.IPv6{
		Version: 6, HopLimit: 60, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: net.ParseIP(v.src), DstIP: net.ParseIP(v.dst),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypePacketTooBig, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	if v.fragmentable != nil {
		ip.NextHeader = layers.IPProtocolIPv6Fragment
		return []gopacket.SerializableLayer{ip, gopacket.Payload(v.fragmentable)}
	}
	mtu := binary.BigEndian.AppendUint32(nil, v.mtu)
	return []gopacket.SerializableLayer{ip, icmp, gopacket.Payload(append(mtu, v.quote()...))}
}

// quote returns what the message quotes.
func (v vector) quote() []byte {
	payload := append([]byte(nil), v.inner...)
	if v.inner == nil {
		payload = serialize(false, &layers.TCP{SrcPort: 443, DstPort: 40000, Seq: 1000, ACK: true, DataOffset: 5})
	}
	payload = append(payload, make([]byte, max(0, v.carries-len(payload)))...)
	var quote []byte
	if v.quotedV6 {
		quote = serialize(true, &layers.IPv6{
			Version: 6, HopLimit: 61, NextHeader: v.quotedProto,
			SrcIP: net.ParseIP(v.quotedSrc), DstIP: net.ParseIP(v.quoted),
		}, gopacket.Payload(payload))
	} else {
		quote = serialize(true, &layers.IPv4{
			Version: 4, TTL: 61, Protocol: v.quotedProto, Flags: layers.IPv4DontFragment, FragOffset: v.quotedFrag,
			SrcIP: net.ParseIP(v.quotedSrc), DstIP: net.ParseIP(v.quoted),
		}, gopacket.Payload(payload))
	}
	at, claimed := 2, v.quotedLength
	if v.quotedV6 {
		at, claimed = 4, claimed-40
	}
	switch {
	case v.quotedLength < 0:
		binary.BigEndian.PutUint16(quote[at:], 0)
	case v.quotedLength > 0:
		binary.BigEndian.PutUint16(quote[at:], uint16(claimed))
	}
	return append(quote[:min(v.quoteLen, len(quote))], v.extensions...)
}

func serialize(fix bool, stack ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: fix, ComputeChecksums: fix}
	if err := gopacket.SerializeLayers(buf, opts, stack...); err != nil {
		panic(err) // all layers are made here
	}
	return buf.Bytes()
}

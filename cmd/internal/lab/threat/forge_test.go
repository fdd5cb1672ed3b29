package threat_test

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// forged is a message that a forger makes up: about a packet from the service to a
// client.
type forged struct {
	service, client netip.Addr
	proto           layers.IPProtocol
	transport       []byte // what the quoted packet begins with behind its IP header
}

// Sizes of what is forged: an MTU that every check of a range lets pass, and a quoted
// packet that is larger.
const (
	forgedMTU4, forgedMTU6 = 600, 1280
	quotedLength           = 1500
)

// frame returns the message as a frame to a server, from a router that nobody else is.
func (f forged) frame(from, to net.HardwareAddr, router int) []byte {
	ethernet := &layers.Ethernet{SrcMAC: from, DstMAC: to, EthernetType: layers.EthernetTypeIPv4}
	if f.service.Is6() {
		ethernet.EthernetType = layers.EthernetTypeIPv6
		return serialize(append([]gopacket.SerializableLayer{ethernet}, f.ipv6(router)...)...)
	}
	return serialize(append([]gopacket.SerializableLayer{ethernet}, f.ipv4(router)...)...)
}

func (f forged) ipv4(router int) []gopacket.SerializableLayer {
	icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 4), Seq: forgedMTU4}
	quoted := serialize(&layers.IPv4{
		Version: 4, TTL: 61, Protocol: f.proto, Flags: layers.IPv4DontFragment,
		SrcIP: f.service.AsSlice(), DstIP: f.client.AsSlice(),
	}, gopacket.Payload(f.transport))
	binary.BigEndian.PutUint16(quoted[2:], quotedLength)
	return []gopacket.SerializableLayer{
		&layers.IPv4{
			Version: 4, TTL: 60, Protocol: layers.IPProtocolICMPv4,
			SrcIP: addrOf("10.0.0.0", router), DstIP: f.service.AsSlice(),
		},
		icmp, gopacket.Payload(quoted),
	}
}

func (f forged) ipv6(router int) []gopacket.SerializableLayer {
	ip := &layers.IPv6{
		Version: 6, HopLimit: 60, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: addrOf("2001:db8:ffff::", router), DstIP: f.service.AsSlice(),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypePacketTooBig, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	quoted := serialize(&layers.IPv6{
		Version: 6, HopLimit: 61, NextHeader: f.proto, SrcIP: f.service.AsSlice(), DstIP: f.client.AsSlice(),
	}, gopacket.Payload(f.transport))
	binary.BigEndian.PutUint16(quoted[4:], quotedLength-40)
	mtu := binary.BigEndian.AppendUint32(nil, forgedMTU6)
	return []gopacket.SerializableLayer{ip, icmp, gopacket.Payload(append(mtu, quoted...))}
}

// addrOf returns address n of a network.
func addrOf(network string, n int) net.IP {
	addr := netip.MustParseAddr(network).AsSlice()
	binary.BigEndian.PutUint32(addr[len(addr)-4:], binary.BigEndian.Uint32(addr[len(addr)-4:])+uint32(n))
	return addr
}

func serialize(stack ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		panic(err) // all layers are made here
	}
	return buf.Bytes()
}

// tcp returns the first eight bytes of a TCP header (RFC 792), and zeros.
func tcp(src, dst uint16, seq uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	return append(binary.BigEndian.AppendUint32(b, seq), make([]byte, 16)...)
}

// udp returns a UDP header.
func udp(src, dst uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	return append(binary.BigEndian.AppendUint16(b, quotedLength-28), 0, 0)
}

// icmp returns an ICMP or ICMPv6 header of a type.
func icmp(kind byte) []byte { return []byte{kind, 0, 0, 0, 0x12, 0x34, 0, 1} }

package pipelinetest

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// PTB describes a packet-too-big message. Zero fields get a default.
type PTB struct {
	Router, Target   netip.Addr // outer source and destination; 203.0.113.1 and 192.0.2.1
	MTU              uint32     // 1400
	Client           netip.Addr // the quoted destination; 198.51.100.7 or 2001:db8:c::7
	SrcPort, DstPort uint16     // of the quoted TCP segment; 443 and 40000
	VLAN             uint16     // of an 802.1Q tag; 0 is none
	DstMAC           [6]byte    // 02:00:00:00:00:02
}

// Frame returns the message as an Ethernet frame. It is IPv6 if Router is.
func (m PTB) Frame() []byte {
	m = m.withDefaults()
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	var stack []gopacket.SerializableLayer
	etherType := layers.EthernetTypeIPv4
	if m.Router.Is6() {
		etherType = layers.EthernetTypeIPv6
	}
	eth := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: m.DstMAC[:], EthernetType: etherType}
	stack = append(stack, eth)
	if m.VLAN != 0 {
		eth.EthernetType = layers.EthernetTypeDot1Q
		stack = append(stack, &layers.Dot1Q{VLANIdentifier: m.VLAN, Type: etherType})
	}
	if m.Router.Is6() {
		stack = append(stack, m.ipv6()...)
	} else {
		stack = append(stack, m.ipv4()...)
	}
	if err := gopacket.SerializeLayers(buf, opts, stack...); err != nil {
		panic(err) // all layers are made here
	}
	return buf.Bytes()
}

// Packet returns the message as a source delivers it, with the time stamp at.
func (m PTB) Packet(at pipeline.Instant) pipeline.Packet {
	return pipeline.NewPacket(m.Frame(), linklayer.Ethernet, at.Time())
}

func (m PTB) withDefaults() PTB {
	if !m.Router.IsValid() {
		m.Router = netip.MustParseAddr("203.0.113.1")
	}
	target, client := "192.0.2.1", "198.51.100.7"
	if m.Router.Is6() {
		target, client = "2001:db8::1", "2001:db8:c::7"
	}
	if !m.Target.IsValid() {
		m.Target = netip.MustParseAddr(target)
	}
	if !m.Client.IsValid() {
		m.Client = netip.MustParseAddr(client)
	}
	if m.MTU == 0 {
		m.MTU = 1400
	}
	if m.SrcPort == 0 {
		m.SrcPort = 443
	}
	if m.DstPort == 0 {
		m.DstPort = 40000
	}
	if m.DstMAC == [6]byte{} {
		m.DstMAC = [6]byte{2, 0, 0, 0, 0, 2}
	}
	return m
}

func (m PTB) ipv4() []gopacket.SerializableLayer {
	ip := &layers.IPv4{
		Version: 4, TTL: 60, Protocol: layers.IPProtocolICMPv4,
		SrcIP: m.Router.AsSlice(), DstIP: m.Target.AsSlice(),
	}
	icmp := &layers.ICMPv4{
		TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodeFragmentationNeeded),
		Seq:      uint16(m.MTU),
	}
	quoted := &layers.IPv4{
		Version: 4, TTL: 61, Protocol: layers.IPProtocolTCP, Flags: layers.IPv4DontFragment,
		SrcIP: m.Target.AsSlice(), DstIP: m.Client.AsSlice(),
	}
	return []gopacket.SerializableLayer{ip, icmp, gopacket.Payload(m.quote(quoted, quoted))}
}

func (m PTB) ipv6() []gopacket.SerializableLayer {
	ip := &layers.IPv6{
		Version: 6, HopLimit: 60, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: m.Router.AsSlice(), DstIP: m.Target.AsSlice(),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypePacketTooBig, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	quoted := &layers.IPv6{
		Version: 6, HopLimit: 61, NextHeader: layers.IPProtocolTCP,
		SrcIP: m.Target.AsSlice(), DstIP: m.Client.AsSlice(),
	}
	mtu := binary.BigEndian.AppendUint32(nil, m.MTU)
	return []gopacket.SerializableLayer{ip, icmp, gopacket.Payload(append(mtu, m.quote(quoted, quoted)...))}
}

// quote returns the start of a TCP segment of 1448 bytes of payload.
func (m PTB) quote(ip gopacket.SerializableLayer, network gopacket.NetworkLayer) []byte {
	tcp := &layers.TCP{
		SrcPort: layers.TCPPort(m.SrcPort), DstPort: layers.TCPPort(m.DstPort),
		Seq: 1000, Ack: 2000, ACK: true, Window: 500,
	}
	_ = tcp.SetNetworkLayerForChecksum(network)
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, ip, tcp, gopacket.Payload(make([]byte, 1448))); err != nil {
		panic(err)
	}
	return buf.Bytes()[:100]
}

// Begin is the time stamp of the first of [Packets].
var Begin = pipeline.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))

// Packets returns packets such as a filter must expect, a millisecond apart: sound
// messages of both IP versions from several routers, and hostile ones made of
// them: cut anywhere, with bytes changed at random (always the same ones), of
// every link type, empty.
func Packets() []pipeline.Packet {
	sound := soundFrames()
	var frames [][]byte
	frames = append(frames, sound...)
	frames = append(frames, truncated(sound)...)
	frames = append(frames, mutated(sound)...)
	frames = append(frames, nil)
	links := []linklayer.Type{
		linklayer.Ethernet, linklayer.Raw, linklayer.SLL, linklayer.SLL2,
		linklayer.Null, linklayer.Loop, linklayer.IPv4, linklayer.IPv6,
		linklayer.PPP, linklayer.PPPEther, 9999,
	}
	var out []pipeline.Packet
	for _, link := range links {
		for _, f := range frames {
			out = append(out, pipeline.Packet{
				Data: onLink(link, f), Length: len(onLink(link, f)) + len(out)%11/10, LinkType: link,
				Time: Begin + pipeline.Instant(len(out))*pipeline.Instant(time.Millisecond),
			})
		}
	}
	return out
}

func soundFrames() (frames [][]byte) {
	for _, router := range []string{"203.0.113.1", "203.0.113.2", "2001:db8:f::1", "2001:db8:f::2"} {
		for _, vlan := range []uint16{0, 7} {
			frames = append(frames, PTB{Router: netip.MustParseAddr(router), VLAN: vlan}.Frame())
		}
	}
	return frames
}

func truncated(sound [][]byte) (frames [][]byte) {
	for _, f := range sound {
		for n := range len(f) {
			frames = append(frames, f[:n:n])
		}
	}
	return frames
}

func mutated(sound [][]byte) (frames [][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		f := append([]byte(nil), sound[random.IntN(len(sound))]...)
		for range 1 + random.IntN(8) {
			f[random.IntN(len(f))] = byte(random.Uint32())
		}
		frames = append(frames, f[:1+random.IntN(len(f))])
	}
	return frames
}

// onLink gives an Ethernet frame the link-layer header of another type.
func onLink(link linklayer.Type, frame []byte) []byte {
	if link == linklayer.Ethernet || len(frame) < 14 {
		return frame
	}
	etherType, payload := frame[12:14], frame[14:]
	var header []byte
	switch link {
	case linklayer.SLL:
		header = append(make([]byte, 14), etherType...)
	case linklayer.SLL2:
		header = append(append(header, etherType...), make([]byte, 18)...)
	case linklayer.Null:
		header = []byte{2, 0, 0, 0}
	case linklayer.Loop:
		header = []byte{0, 0, 0, 2}
	case linklayer.PPP:
		header = append([]byte{0xff, 3}, pppProtocol(etherType)...)
	case linklayer.PPPEther:
		header = append([]byte{0x11, 0, 0, 9, 0, byte(len(payload) + 2)}, pppProtocol(etherType)...)
	}
	return append(header, payload...)
}

// pppProtocol returns the number that PPP has for the protocol of an EtherType.
func pppProtocol(etherType []byte) []byte {
	if etherType[0] == 0x86 {
		return []byte{0, 0x57}
	}
	return []byte{0, 0x21}
}

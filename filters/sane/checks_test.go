package sane_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// row is a packet and what one check makes of it.
type row struct {
	name  string
	v     vector
	wrong bool
}

// set returns a change of bytes behind the start of the IP header.
func set(at int, bytes ...byte) func([]byte) {
	return func(ip []byte) { copy(ip[at:], bytes) }
}

func add(at int, n byte) func([]byte) { return func(ip []byte) { ip[at] += n } }

// raw captures the packet on another link type, without the Ethernet header.
func raw(p *pipeline.Packet) {
	p.LinkType, p.Data, p.Length = linklayer.Raw, p.Data[14:], p.Length-14
}

var (
	routerAlert = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}

	// What a quoted packet begins with behind its IP header.
	echo       = serialize(false, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)})
	echo6      = []byte{128, 0, 0, 0, 0, 1, 0, 1}
	udp        = serialize(false, &layers.UDP{SrcPort: 443, DstPort: 40000, Length: 1468})
	hopByHop   = []byte{58, 0, 1, 4, 0, 0, 0, 0}  // with padding; ICMPv6 follows
	unreach6   = []byte{1, 0, 0, 0, 0, 0, 0, 0}   // ICMPv6 type 1
	firstPiece = []byte{6, 0, 0, 1, 0, 0, 0, 1}   // an IPv6 fragment of TCP: offset 0, more follow
	laterPiece = []byte{6, 0, 5, 169, 0, 0, 0, 1} // offset 1448
	lastPiece  = []byte{58, 0, 5, 168, 0, 0, 0, 1}
)

func icmp4(kind byte) []byte { return []byte{kind, 0, 0, 0, 0, 0, 0, 0} }

// rows has packets for each check, some of which it finds wrong.
var rows = map[pipeline.Reason][]row{
	sane.IPLength: {
		{"IPv4, VLAN tag", vector{vlan: 7}, false},
		{"IPv4, raw", vector{link: raw}, false},
		{"IPv4, padding of Ethernet", vector{quoteLen: 28, padding: 30}, false},
		{"IPv4, options", vector{options: routerAlert}, false},
		{"IPv4, cut by the capture", vector{truncated: 40}, false},
		{"IPv4, cut by the capture in the ICMP header", vector{truncated: 100 + 4}, false},
		{"IPv4, version 6", vector{change: set(0, 0x65)}, true},
		{"IPv4, version 0", vector{change: set(0, 0x05)}, true},
		{"IPv4, header length 16", vector{change: set(0, 0x44)}, true},
		{"IPv4, header length 60, beyond its length", vector{quoteLen: 28, change: set(0, 0x4f)}, true},
		{"IPv4, one byte less than there is", vector{change: add(3, 255)}, false},
		{"IPv4, one byte more than there is", vector{change: add(3, 1)}, true},
		{"IPv4, one byte more, which is padding", vector{padding: 1, change: add(3, 1)}, false},
		{"IPv4, length 65535", vector{change: set(2, 255, 255)}, true},
		{"IPv4, length 0", vector{change: set(2, 0, 0)}, true},
		{"IPv4, length of the header", vector{change: set(2, 0, 20)}, true},
		{"IPv4, length ends in the ICMP header", vector{change: set(2, 0, 27)}, true},
		{"IPv4, length ends with the ICMP header", vector{change: set(2, 0, 28)}, false},
		{"IPv4, another protocol, length of the header", vector{change: func(ip []byte) { copy(ip[2:], []byte{0, 20}); ip[9] = 6 }}, false},
		{"IPv4, frame ends in the header", vector{link: func(p *pipeline.Packet) { p.Data, p.Length = p.Data[:33], 33 }}, true},
		{"IPv4, cut by the capture before the IP header", vector{link: func(p *pipeline.Packet) { p.Data = p.Data[:14] }}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, VLAN tag", vector{v6: true, vlan: 7}, false},
		{"IPv6, cut by the capture", vector{v6: true, truncated: 40}, false},
		{"IPv6, cut by the capture in the IP header", vector{v6: true, truncated: 100 + 8 + 10}, false},
		{"IPv6, version 4", vector{v6: true, change: set(0, 0x40)}, true},
		{"IPv6, one byte less than there is", vector{v6: true, change: add(5, 255)}, false},
		{"IPv6, one byte more than there is", vector{v6: true, change: add(5, 1)}, true},
		{"IPv6, length 0", vector{v6: true, change: set(4, 0, 0)}, true},
		{"IPv6, length ends in the ICMP header", vector{v6: true, change: set(4, 0, 7)}, true},
		{"IPv6, length ends with the ICMP header", vector{v6: true, change: set(4, 0, 8)}, false},
		{"IPv6, frame ends in the header", vector{v6: true, link: func(p *pipeline.Packet) { p.Data, p.Length = p.Data[:53], 53 }}, true},
		{"not IP", vector{link: func(p *pipeline.Packet) { copy(p.Data[12:], []byte{8, 6}) }}, false},
	},
	sane.IPChecksum: {
		{"IPv4", vector{}, false},
		{"IPv4, options", vector{options: routerAlert}, false},
		{"IPv4, raw", vector{link: raw}, false},
		{"IPv4, TTL changed", vector{change: add(8, 255)}, true},
		{"IPv4, checksum 0", vector{change: set(10, 0, 0)}, true},
		{"IPv4, option changed", vector{options: routerAlert, change: add(22, 1)}, true},
		{"IPv4, bytes in another order", vector{change: func(ip []byte) { ip[10], ip[11] = ip[11], ip[10] }}, true},
		{"IPv4, ICMP changed", vector{change: add(30, 1)}, false},
		{"IPv4, cut by the capture behind the header", vector{change: add(8, 255), truncated: 108}, true},
		{"IPv4, cut by the capture in the header", vector{change: add(8, 255), truncated: 109}, false},
		{"IPv4, cut by the capture in the options", vector{options: routerAlert, change: add(8, 255), truncated: 109}, false},
		{"IPv4, header length 16", vector{change: set(0, 0x44)}, false},
		{"IPv6 has none", vector{v6: true, change: add(7, 255)}, false},
	},
	sane.Fragment: {
		{"IPv4", vector{}, false},
		{"IPv4, don't fragment", vector{change: set(6, 0x40)}, false},
		{"IPv4, first fragment", vector{more: true}, true},
		{"IPv4, later fragment", vector{offset: 1, more: true}, true},
		{"IPv4, last fragment", vector{offset: 185}, true},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, first fragment", vector{v6: true, fragmentable: firstPiece}, true},
		{"IPv6, later fragment", vector{v6: true, fragmentable: laterPiece}, true},
		{"IPv6, last fragment", vector{v6: true, fragmentable: lastPiece}, true},
		{"IPv6, a fragment header of a whole packet", vector{v6: true, fragmentable: []byte{58, 0, 0, 0, 0, 0, 0, 1}}, false},
		{"IPv6, fragment header cut by the capture", vector{v6: true, fragmentable: laterPiece, truncated: 1}, false},
	},
	sane.UnspecifiedSource: {
		{"IPv4", vector{}, false},
		{"IPv4, private", vector{src: "10.0.0.0"}, false},
		{"IPv4, link-local", vector{src: "169.254.1.1"}, false},
		{"IPv4, 0.0.0.0", vector{src: "0.0.0.0"}, true},
		{"IPv4, this network", vector{src: "0.255.255.255"}, true},
		{"IPv4, lowest of the next network", vector{src: "1.0.0.0"}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, link-local", vector{v6: true, src: "fe80::1"}, false},
		{"IPv6, ::", vector{v6: true, src: "::"}, true},
	},
	sane.LoopbackSource: {
		{"IPv4", vector{}, false},
		{"IPv4, 127.0.0.1", vector{src: "127.0.0.1"}, true},
		{"IPv4, 127.255.255.255", vector{src: "127.255.255.255"}, true},
		{"IPv4, 128.0.0.0", vector{src: "128.0.0.0"}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, ::1", vector{v6: true, src: "::1"}, true},
		{"IPv6, ::2", vector{v6: true, src: "::2"}, false},
	},
	sane.MulticastSource: {
		{"IPv4", vector{}, false},
		{"IPv4, highest of unicast", vector{src: "223.255.255.255"}, false},
		{"IPv4, multicast", vector{src: "224.0.0.0"}, true},
		{"IPv4, highest of multicast", vector{src: "239.255.255.255"}, true},
		{"IPv4, broadcast", vector{src: "255.255.255.255"}, true},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, multicast", vector{v6: true, src: "ff02::1"}, true},
	},
	sane.OwnSource: { // of this host nothing is known here
		{"IPv4, not known to be own", vector{src: "127.0.0.1"}, false},
		{"IPv6, not known to be own", vector{v6: true, src: "::1"}, false},
	},
	sane.MulticastTarget: {
		{"IPv4", vector{}, false},
		{"IPv4, multicast", vector{dst: "224.0.0.1"}, true},
		{"IPv4, broadcast", vector{dst: "255.255.255.255"}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, multicast", vector{v6: true, dst: "ff02::1"}, true},
	},
	sane.BroadcastTarget: {
		{"IPv4", vector{}, false},
		{"IPv4, broadcast", vector{dst: "255.255.255.255"}, true},
		{"IPv4, not known to be of a network", vector{dst: "192.0.2.255"}, false},
		{"IPv6", vector{v6: true}, false},
	},
	sane.ICMPChecksum: {
		{"IPv4", vector{}, false},
		{"IPv4, odd length", vector{quoteLen: 99}, false},
		{"IPv4, 8 bytes behind the quoted header", vector{quoteLen: 28}, false},
		{"IPv4, long", vector{quoteLen: 548}, false},
		{"IPv4, options", vector{options: routerAlert}, false},
		{"IPv4, padding of Ethernet", vector{quoteLen: 28, padding: 30}, false},
		{"IPv4, extensions", vector{quoteLen: 128, extensions: []byte{0x20, 0, 0xdf, 0xff}, change: func(ip []byte) { ip[25] = 32; fixICMPv4(ip) }}, false},
		{"IPv4, MTU changed", vector{change: add(27, 1)}, true},
		{"IPv4, checksum 0", vector{change: set(22, 0, 0)}, true},
		{"IPv4, checksum ffff", vector{change: set(22, 255, 255)}, true},
		{"IPv4, last byte changed", vector{change: add(127, 1)}, true},
		{"IPv4, last byte of an odd number changed", vector{quoteLen: 99, change: add(126, 1)}, true},
		{"IPv4, IP header changed", vector{change: add(8, 255)}, false},
		{"IPv4, wrong, cut by the capture", vector{change: add(27, 1), truncated: 1}, false},
		{"IPv4, wrong, first fragment", vector{more: true, change: add(27, 1)}, false},
		{"IPv4, wrong, no PTB", vector{change: set(20, 8, 0)}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, odd length", vector{v6: true, quoteLen: 99}, false},
		{"IPv6, long", vector{v6: true, quoteLen: 1232}, false},
		{"IPv6, MTU changed", vector{v6: true, change: add(47, 1)}, true},
		{"IPv6, source changed", vector{v6: true, change: add(23, 1)}, true},
		{"IPv6, target changed", vector{v6: true, change: add(39, 1)}, true},
		{"IPv6, hop limit changed", vector{v6: true, change: add(7, 255)}, false},
		{"IPv6, checksum 0", vector{v6: true, change: set(42, 0, 0)}, true},
		{"IPv6, shorter than it is", vector{v6: true, change: add(5, 254)}, true},
		{"IPv6, wrong, cut by the capture", vector{v6: true, change: add(47, 1), truncated: 1}, false},
	},
	sane.QuotedVersion: {
		{"IPv4", vector{}, false},
		{"IPv4, about IPv6", vector{unlike: true}, true},
		{"IPv4, about version 0", vector{change: set(28, 0x05)}, true},
		{"IPv4, about nothing", vector{change: set(2, 0, 28)}, false},
		{"IPv4, about one byte of IPv6", vector{unlike: true, change: set(2, 0, 29)}, true},
		{"IPv4, about IPv6, cut by the capture", vector{unlike: true, truncated: 100}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, about IPv4", vector{v6: true, unlike: true}, true},
	},
	sane.ShortQuote: {
		{"IPv4", vector{}, false},
		{"IPv4, 8 bytes behind the quoted header", vector{quoteLen: 28}, false},
		{"IPv4, 7 bytes", vector{quoteLen: 27}, true},
		{"IPv4, 7 bytes and padding", vector{quoteLen: 27, padding: 30}, true},
		{"IPv4, 8 bytes, 1 of them behind the IP packet's end", vector{quoteLen: 28, change: add(3, 255)}, true},
		{"IPv4, quoted header only", vector{quoteLen: 20}, true},
		{"IPv4, ports in a trailer", vector{quoteLen: 28, change: set(3, 48)}, true},
		{"IPv4, half a quoted header", vector{quoteLen: 10}, true},
		{"IPv4, nothing", vector{change: set(3, 28)}, true},
		{"IPv4, raw, 7 bytes", vector{quoteLen: 27, link: raw}, true},
		{"IPv4, VLAN tag, 7 bytes", vector{quoteLen: 27, vlan: 7}, true},
		{"IPv4, 7 bytes, cut by the capture", vector{quoteLen: 27, truncated: 1}, false},
		{"IPv4, ESP", vector{quoteLen: 28, quotedProto: 50}, false},
		{"IPv4, quoted header length 16", vector{change: set(28, 0x44)}, true},
		{"IPv4, later fragment", vector{quoteLen: 28, quotedFrag: 185}, false},
		{"IPv4, another protocol", vector{quoteLen: 20, change: set(9, 17)}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, 8 bytes behind the quoted header", vector{v6: true, quoteLen: 48}, false},
		{"IPv6, 7 bytes", vector{v6: true, quoteLen: 47}, true},
		{"IPv6, quoted header only", vector{v6: true, quoteLen: 40}, true},
		{"IPv6, 32 bytes of the quoted header", vector{v6: true, quoteLen: 32}, true},
		{"IPv6, 8 bytes behind another header", vector{v6: true, quoteLen: 56, quotedProto: 0, inner: append(hopByHop[:8:8], echo6...)}, false},
		{"IPv6, 7 bytes behind another header", vector{v6: true, quoteLen: 55, quotedProto: 0, inner: append(hopByHop[:8:8], echo6...)}, true},
		{"IPv6, nothing behind another header", vector{v6: true, quoteLen: 48, quotedProto: 0, inner: append(hopByHop[:8:8], echo6...)}, true},
		{"IPv6, later fragment", vector{v6: true, quotedProto: 44, inner: laterPiece}, false},
	},
	sane.QuotedSource: {
		{"IPv4", vector{}, false},
		{"IPv4, other", vector{quotedSrc: "192.0.2.2"}, true},
		{"IPv4, target changed on the way", vector{dst: "192.0.2.2"}, true},
		{"IPv4, other, cut by the capture", vector{quotedSrc: "192.0.2.2", truncated: 81}, false},
		{"IPv4, 8 bytes behind the quoted header", vector{quoteLen: 28}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, other", vector{v6: true, quotedSrc: "2001:db8::2"}, true},
		{"IPv6, other, cut by the capture", vector{v6: true, quotedSrc: "2001:db8::2", truncated: 61}, false},
	},
	sane.QuotedAddress: {
		{"IPv4", vector{}, false},
		{"IPv4, to 0.0.0.0/8", vector{quoted: "0.255.255.255"}, true},
		{"IPv4, to loopback", vector{quoted: "127.0.0.1"}, true},
		{"IPv4, to link-local", vector{quoted: "169.254.1.1"}, false},
		{"IPv4, to multicast", vector{quoted: "224.0.0.1"}, false},
		{"IPv4, from 0.0.0.0", vector{quotedSrc: "0.0.0.0"}, true},
		{"IPv4, from loopback", vector{quotedSrc: "127.255.255.255"}, true},
		{"IPv4, from multicast", vector{quotedSrc: "239.255.255.255"}, true},
		{"IPv4, from broadcast", vector{quotedSrc: "255.255.255.255"}, true},
		{"IPv4, from link-local", vector{quotedSrc: "169.254.1.1"}, false},
		{"IPv4, from the lowest and to the highest of others", vector{quotedSrc: "1.0.0.0", quoted: "223.255.255.255"}, false},
		{"IPv4, to loopback, cut by the capture", vector{quoted: "127.0.0.1", truncated: 81}, false},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, to ::", vector{v6: true, quoted: "::"}, true},
		{"IPv6, to ::1", vector{v6: true, quoted: "::1"}, true},
		{"IPv6, to link-local", vector{v6: true, quoted: "fe80::1"}, true},
		{"IPv6, to multicast", vector{v6: true, quoted: "ff0e::1"}, false},
		{"IPv6, from ::", vector{v6: true, quotedSrc: "::"}, true},
		{"IPv6, from link-local", vector{v6: true, quotedSrc: "febf::1"}, true},
		{"IPv6, from multicast", vector{v6: true, quotedSrc: "ff02::1"}, true},
		{"IPv6, unique local", vector{v6: true, quotedSrc: "fd00::1", quoted: "fd00::2"}, false},
	},
	sane.QuotedMulticast: {
		{"IPv4", vector{}, false},
		{"IPv4, multicast", vector{quoted: "239.1.2.3"}, true},
		{"IPv4, broadcast", vector{quoted: "255.255.255.255"}, true},
		{"IPv4, multicast, cut by the capture", vector{quoted: "239.1.2.3", truncated: 81}, false},
		{"IPv6, multicast", vector{v6: true, quoted: "ff0e::1"}, false},
	},
	sane.QuotedMulticastV6: {
		{"IPv6", vector{v6: true}, false},
		{"IPv6, multicast", vector{v6: true, quoted: "ff0e::1"}, true},
		{"IPv4, multicast", vector{quoted: "239.1.2.3"}, false},
	},
	sane.QuotedFragment: {
		{"IPv4", vector{}, false},
		{"IPv4, first fragment", vector{change: set(34, 0x20)}, false},
		{"IPv4, later fragment", vector{quotedFrag: 185}, true},
		{"IPv4, later fragment, cut by the capture", vector{quotedFrag: 185, truncated: 81}, false},
		{"IPv6, later fragment", vector{v6: true, quotedProto: 44, inner: laterPiece}, false},
	},
	sane.QuotedFragmentV6: {
		{"IPv6", vector{v6: true}, false},
		{"IPv6, first fragment", vector{v6: true, quotedProto: 44, inner: firstPiece}, false},
		{"IPv6, later fragment", vector{v6: true, quotedProto: 44, inner: laterPiece}, true},
		{"IPv6, later fragment behind another header", vector{v6: true, quotedProto: 60, inner: append([]byte{44, 0, 1, 4, 0, 0, 0, 0}, laterPiece...)}, true},
		{"IPv6, later fragment, cut by the capture", vector{v6: true, quotedProto: 44, inner: laterPiece, truncated: 53}, false},
		{"IPv4, later fragment", vector{quotedFrag: 185}, false},
	},
	sane.QuotedICMPError: {
		{"IPv4, TCP", vector{}, false},
		{"IPv4, UDP", vector{quotedProto: 17, inner: udp}, false},
		{"IPv4, TCP like a destination unreachable", vector{quotedProto: 6, inner: icmp4(3)}, false},
		{"IPv4, echo request", vector{quotedProto: 1, inner: echo}, false},
		{"IPv4, echo reply", vector{quotedProto: 1, inner: icmp4(0)}, false},
		{"IPv4, destination unreachable", vector{quotedProto: 1, inner: icmp4(3)}, true},
		{"IPv4, source quench", vector{quotedProto: 1, inner: icmp4(4)}, true},
		{"IPv4, redirect", vector{quotedProto: 1, inner: icmp4(5)}, true},
		{"IPv4, time exceeded", vector{quotedProto: 1, inner: icmp4(11)}, true},
		{"IPv4, parameter problem", vector{quotedProto: 1, inner: icmp4(12)}, true},
		{"IPv4, timestamp", vector{quotedProto: 1, inner: icmp4(13)}, false},
		{"IPv4, error, cut by the capture", vector{quotedProto: 1, inner: icmp4(3), truncated: 80}, false},
		{"IPv4, later fragment like an error", vector{quotedProto: 1, quotedFrag: 185, inner: icmp4(3)}, false},
		{"IPv6, TCP", vector{v6: true}, false},
		{"IPv6, echo request", vector{v6: true, quotedProto: 58, inner: echo6}, false},
		{"IPv6, destination unreachable", vector{v6: true, quotedProto: 58, inner: unreach6}, true},
		{"IPv6, highest error", vector{v6: true, quotedProto: 58, inner: icmp4(127)}, true},
		{"IPv6, redirect", vector{v6: true, quotedProto: 58, inner: icmp4(137)}, true},
		{"IPv6, router advertisement", vector{v6: true, quotedProto: 58, inner: icmp4(134)}, false},
		{"IPv6, error behind another header", vector{v6: true, quotedProto: 0, inner: append(hopByHop[:8:8], unreach6...)}, true},
		{"IPv6, echo behind another header", vector{v6: true, quotedProto: 0, inner: append(hopByHop[:8:8], echo6...)}, false},
		{"IPv6, error, cut by the capture", vector{v6: true, quotedProto: 58, inner: unreach6, truncated: 60}, false},
	},
	sane.QuotedICMP: {
		{"IPv4, TCP", vector{}, false},
		{"IPv4, TCP like an echo reply", vector{inner: icmp4(0), quotedProto: 6}, false},
		{"IPv4, echo reply", vector{quotedProto: 1, inner: icmp4(0)}, true},
		{"IPv4, echo reply, 8 bytes", vector{quotedProto: 1, inner: icmp4(0), quoteLen: 28}, true},
		{"IPv4, echo request", vector{quotedProto: 1, inner: echo}, false},
		{"IPv4, timestamp", vector{quotedProto: 1, inner: icmp4(13)}, false},
		{"IPv4, echo reply, cut by the capture", vector{quotedProto: 1, inner: icmp4(0), truncated: 80}, false},
		{"IPv4, later fragment like an echo reply", vector{quotedProto: 1, quotedFrag: 185, inner: icmp4(0)}, false},
		{"IPv6, TCP", vector{v6: true}, false},
		{"IPv6, echo reply", vector{v6: true, quotedProto: 58, inner: icmp4(129)}, true},
		{"IPv6, echo request", vector{v6: true, quotedProto: 58, inner: echo6}, true},
		{"IPv6, echo request behind another header", vector{v6: true, quotedProto: 0, inner: append(hopByHop[:8:8], echo6...)}, true},
		{"IPv6, router advertisement", vector{v6: true, quotedProto: 58, inner: icmp4(134)}, true},
		{"IPv6, ICMP of IPv4", vector{v6: true, quotedProto: 1, inner: icmp4(0)}, false},
	},
	sane.ZeroMTUv4: {
		{"IPv4", vector{}, false},
		{"IPv4, 0", vector{noMTU: true}, true},
		{"IPv4, 1", vector{mtu: 1}, false},
		{"IPv4, 0, cut by the capture", vector{noMTU: true, truncated: 101}, false},
		{"IPv6, 0", vector{v6: true, noMTU: true}, false},
	},
	sane.LowMTUv4: {
		{"IPv4", vector{}, false},
		{"IPv4, lowest", vector{mtu: 552}, false},
		{"IPv4, below", vector{mtu: 551}, true},
		{"IPv4, 1", vector{mtu: 1}, true},
		{"IPv4, 0", vector{noMTU: true}, false},
		{"IPv4, low, cut by the capture", vector{mtu: 551, truncated: 101}, false},
		{"IPv6", vector{v6: true, mtu: 551}, false},
	},
	sane.LowMTUv6: {
		{"IPv6", vector{v6: true}, false},
		{"IPv6, lowest", vector{v6: true, mtu: 1280}, false},
		{"IPv6, below", vector{v6: true, mtu: 1279}, true},
		{"IPv6, 0", vector{v6: true, noMTU: true}, true},
		{"IPv6, low half below", vector{v6: true, mtu: 1 << 16}, false},
		{"IPv6, low, cut by the capture", vector{v6: true, mtu: 1279, truncated: 101}, false},
		{"IPv4", vector{mtu: 1279}, false},
	},
	sane.NotTooBig: {
		{"IPv4", vector{}, false},
		{"IPv4, one more than the MTU", vector{mtu: 1487}, false},
		{"IPv4, as long as the MTU", vector{mtu: 1488}, true},
		{"IPv4, MTU 65535", vector{mtu: 65535}, true},
		{"IPv4, MTU 0", vector{noMTU: true}, false},
		{"IPv4, short", vector{carries: 32, quoteLen: 28}, true},
		{"IPv4, short, MTU 1280", vector{carries: 32, quoteLen: 28, mtu: 1280}, true},
		{"IPv4, short, MTU 552", vector{carries: 32, quoteLen: 28, mtu: 552}, true},
		{"IPv4, headers alone", vector{carries: 20, quoteLen: 28}, true},
		{"IPv4, 8 bytes behind the quoted header", vector{quoteLen: 28}, false},
		{"IPv4, length 0", vector{quotedLength: -1}, false},
		{"IPv4, length below the bytes quoted", vector{quotedLength: 99}, false},
		{"IPv4, length of the bytes quoted", vector{quotedLength: 100}, true},
		{"IPv4, segments that were merged", vector{quotedLength: 64000}, false},
		{"IPv4, short, cut by the capture", vector{carries: 32, quoteLen: 28, truncated: 9}, false},
		{"IPv4, short, its payload cut by the capture", vector{carries: 32, quoteLen: 28, truncated: 8}, true},
		{"IPv6", vector{v6: true}, false},
		{"IPv6, one more than the MTU", vector{v6: true, mtu: 1507}, false},
		{"IPv6, as long as the MTU", vector{v6: true, mtu: 1508}, true},
		{"IPv6, MTU 2^32-1", vector{v6: true, mtu: 1<<32 - 1}, true},
		{"IPv6, jumbogram", vector{v6: true, quotedLength: 40}, false},
		{"IPv6, jumbogram, header alone quoted", vector{v6: true, quotedLength: 40, quoteLen: 40}, false},
		{"IPv6, one byte behind the header", vector{v6: true, quotedLength: 41, quoteLen: 41}, true},
		{"IPv6, short", vector{v6: true, carries: 100, mtu: 1281}, true},
		{"IPv6, short, of a translator", vector{v6: true, carries: 100, mtu: 1280}, false},
	},
	sane.InterfaceMTU: { // no interface is given here
		{"IPv4", vector{mtu: 65535}, false},
		{"IPv6", vector{v6: true, mtu: 1<<32 - 1}, false},
	},
}

// fixICMPv4 recomputes the ICMP checksum.
func fixICMPv4(ip []byte) {
	ip[22], ip[23] = 0, 0
	total := uint32(0)
	for i := 20; i < len(ip); i++ {
		total += uint32(ip[i]) << (8 * (1 - i%2))
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	ip[22], ip[23] = byte(^total>>8), byte(^total)
}

// alone returns a filter with no check but one.
func alone(t testing.TB, check pipeline.Reason, change ...func(*sane.Settings)) pipeline.Filter {
	t.Helper()
	s := sane.Settings{MinMTUv4: 552}
	reflect.ValueOf(&s).Elem().Field(int(check) - 1).SetBool(true)
	for _, c := range change {
		c(&s)
	}
	return build(t, s)
}

func build(t testing.TB, s sane.Settings) pipeline.Filter {
	t.Helper()
	f, err := sane.New(s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func defaults() sane.Settings { return *sane.Plugin().NewSettings().(*sane.Settings) }

// TestChecks takes each row through its check alone, and says what all of them
// together make of it: what a check finds wrong, and is on, does not pass.
func TestChecks(t *testing.T) {
	plugin := sane.Plugin()
	together := build(t, defaults())
	for i, reason := range plugin.Reasons {
		check := pipeline.Reason(i + 1)
		on := reflect.ValueOf(defaults()).Field(i).Bool()
		filter := alone(t, check)
		if len(rows[check]) == 0 {
			t.Errorf("there are no packets for %s", reason.Name)
		}
		for _, r := range rows[check] {
			t.Run(reason.Name+"/"+r.name, func(t *testing.T) {
				p := r.v.packet()
				want := pipeline.Pass
				if r.wrong {
					want = check
				}
				if got := pipelinetest.Decide(filter, &p); got != want {
					t.Errorf("reason %d, want %d", got, want)
				}
				if r.wrong && on && pipelinetest.Decide(together, &p) == pipeline.Pass {
					t.Error("all checks together let it pass")
				}
			})
		}
	}
}

// TestSwitches checks that every check is switched by the setting that is called like
// its reason.
func TestSwitches(t *testing.T) {
	settings := reflect.TypeFor[sane.Settings]()
	for i, reason := range sane.Plugin().Reasons {
		if got, want := settings.Field(i).Tag.Get("setting"), strings.ReplaceAll(reason.Name, "-", "_"); got != want {
			t.Errorf("reason %s has the setting %s, want %s", reason.Name, got, want)
		}
	}
}

// TestGenuine lets pass by default what routers send.
func TestGenuine(t *testing.T) {
	f := build(t, defaults())
	for name, v := range map[string]vector{
		"IPv4":                               {},
		"IPv4, 8 bytes (RFC 792)":            {quoteLen: 28},
		"IPv4, as much as fits (RFC 1812)":   {quoteLen: 548},
		"IPv4, MTU 0 (RFC 1191)":             {noMTU: true},
		"IPv4, MTU 552":                      {mtu: 552},
		"IPv4, options":                      {options: routerAlert},
		"IPv4, VLAN":                         {vlan: 7},
		"IPv4, padding":                      {quoteLen: 28, padding: 4},
		"IPv4, cut by the capture":           {quoteLen: 548, truncated: 400},
		"IPv4, extensions (RFC 4884)":        {quoteLen: 128, extensions: []byte{0x20, 0, 0xdf, 0xff}},
		"IPv4, extensions, with a length":    {quoteLen: 128, extensions: []byte{0x20, 0, 0xdf, 0xff}, change: func(ip []byte) { ip[25] = 32; fixICMPv4(ip) }},
		"IPv4, private router":               {src: "10.0.0.1"},
		"IPv4, link-local router":            {src: "169.254.0.1"},
		"IPv4, rewritten target":             {dst: "192.0.2.99"},
		"IPv4, rewritten quote":              {quotedSrc: "192.0.2.99"},
		"IPv4, about UDP":                    {quotedProto: 17, inner: udp},
		"IPv4, about an echo request":        {quotedProto: 1, inner: echo},
		"IPv4, about ESP":                    {quotedProto: 50},
		"IPv4, about a first fragment":       {change: func(ip []byte) { ip[34] |= 0x20; fixICMPv4(ip) }},
		"IPv4, about merged segments":        {quotedLength: 64000},
		"IPv4, about more than fits":         {quotedLength: -1},
		"IPv6":                               {v6: true},
		"IPv6, as much as fits (RFC 4443)":   {v6: true, quoteLen: 1232},
		"IPv6, link-local router":            {v6: true, src: "fe80::1"},
		"IPv6, MTU 1280":                     {v6: true, mtu: 1280},
		"IPv6, of a translator (RFC 7915)":   {v6: true, mtu: 1280, carries: 900},
		"IPv6, about multicast (RFC 4443)":   {v6: true, quoted: "ff0e::1"},
		"IPv6, about a first fragment":       {v6: true, quotedProto: 44, inner: append(firstPiece[:8:8], udp...)},
		"IPv6, about extension headers":      {v6: true, quotedProto: 0, inner: append([]byte{17, 0, 1, 4, 0, 0, 0, 0}, udp...)},
		"IPv6, cut by the capture":           {v6: true, quoteLen: 1232, truncated: 1000},
		"no PTB: an echo request":            {change: func(ip []byte) { ip[20], ip[21] = 8, 0 }},
		"no IP":                              {link: func(p *pipeline.Packet) { copy(p.Data[12:], []byte{8, 6}) }},
		"of a link type that is not decoded": {link: func(p *pipeline.Packet) { p.LinkType = 9999 }},
	} {
		t.Run(name, func(t *testing.T) {
			p := v.packet()
			if got := pipelinetest.Decide(f, &p); got != pipeline.Pass {
				t.Errorf("reason %s", sane.Plugin().Reasons[got-1].Name)
			}
		})
	}
}

// TestOrder has packets that several checks find wrong.
func TestOrder(t *testing.T) {
	all := defaults()
	all.QuotedSource, all.QuotedMulticastV6, all.ZeroMTUv4 = true, true, true
	f := build(t, all)
	for _, tc := range []struct {
		name string
		v    vector
		want pipeline.Reason
	}{
		{"length before checksums", vector{change: set(2, 255, 255)}, sane.IPLength},
		{"IP checksum before what it guards", vector{src: "127.0.0.1", more: true, change: add(8, 1)}, sane.IPChecksum},
		{"fragment before addresses", vector{more: true, src: "127.0.0.1"}, sane.Fragment},
		{"source before target", vector{src: "0.0.0.0", dst: "224.0.0.1"}, sane.UnspecifiedSource},
		{"broadcast source before target", vector{src: "255.255.255.255", dst: "255.255.255.255"}, sane.MulticastSource},
		{"target before the ICMP checksum", vector{dst: "224.0.0.1", change: add(30, 1)}, sane.MulticastTarget},
		{"ICMP checksum before what it guards", vector{mtu: 1, unlike: true, change: add(30, 1)}, sane.ICMPChecksum},
		{"quoted version before quoted addresses", vector{unlike: true, quoted: "ff0e::1"}, sane.QuotedVersion},
		{"quoted source before quoted destination", vector{quotedSrc: "192.0.2.9", quoted: "239.1.2.3"}, sane.QuotedSource},
		{"quoted destination before the fragment", vector{quoted: "239.1.2.3", quotedFrag: 1}, sane.QuotedMulticast},
		{"the same of IPv6", vector{v6: true, quoted: "ff0e::1", quotedProto: 44, inner: laterPiece}, sane.QuotedMulticastV6},
		{"quoted fragment before the MTU", vector{quotedFrag: 1, mtu: 1}, sane.QuotedFragment},
		{"quoted error before the MTU", vector{quotedProto: 1, inner: icmp4(3), mtu: 1}, sane.QuotedICMPError},
		{"low MTU before the length", vector{mtu: 500, carries: 32, quoteLen: 28}, sane.LowMTUv4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.v.packet()
			if got := pipelinetest.Decide(f, &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

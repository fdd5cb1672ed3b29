package pipeline_test

import (
	"math"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

const (
	ipv4 = linklayer.EtherTypeIPv4
	ipv6 = linklayer.EtherTypeIPv6
	vlan = linklayer.EtherTypeVLAN
	qinq = linklayer.EtherTypeQinQ
)

func TestDecode(t *testing.T) {
	ptb4 := join(outer4(), icmp4(1400), quote4())
	ptb6 := join(outer6(), icmp6(1400), quote6())
	none := pipeline.View{Network: -1, ICMP: -1}
	for _, tc := range []struct {
		name string
		link linklayer.Type
		data []byte
		want pipeline.View
	}{
		{"Ethernet, IPv4", linklayer.Ethernet, join(ethernet(ipv4), ptb4), pipeline.View{EtherType: ipv4, Network: 14, PTB: 4, ICMP: 34}},
		{"Ethernet, IPv6", linklayer.Ethernet, join(ethernet(ipv6), ptb6), pipeline.View{EtherType: ipv6, Network: 14, PTB: 6, ICMP: 54}},
		{"Ethernet, ARP", linklayer.Ethernet, join(ethernet(0x0806), ptb4), pipeline.View{EtherType: 0x0806, Network: 14, ICMP: -1}},
		{"Ethernet, header only", linklayer.Ethernet, ethernet(ipv4), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"Ethernet, cut", linklayer.Ethernet, ethernet(ipv4)[:13], none},
		{"nothing", linklayer.Ethernet, nil, none},
		{"unknown link type", 9999, join(ethernet(ipv4), ptb4), none},

		{"802.1Q, IPv4", linklayer.Ethernet, join(ethernet(vlan), tag(ipv4), ptb4), pipeline.View{EtherType: ipv4, Tag: vlan, Network: 18, PTB: 4, ICMP: 38}},
		{"802.1Q, IPv6", linklayer.Ethernet, join(ethernet(vlan), tag(ipv6), ptb6), pipeline.View{EtherType: ipv6, Tag: vlan, Network: 18, PTB: 6, ICMP: 58}},
		{"802.1ad, IPv4", linklayer.Ethernet, join(ethernet(qinq), tag(ipv4), ptb4), pipeline.View{EtherType: ipv4, Tag: qinq, Network: 18, PTB: 4, ICMP: 38}},
		{"QinQ", linklayer.Ethernet, join(ethernet(qinq), tag(vlan), tag(ipv4), ptb4), pipeline.View{EtherType: vlan, Tag: qinq, Network: 18, ICMP: -1}},
		{"802.1Q twice", linklayer.Ethernet, join(ethernet(vlan), tag(vlan), tag(ipv4), ptb4), pipeline.View{EtherType: vlan, Tag: vlan, Network: 18, ICMP: -1}},
		{"802.1Q, cut in the tag", linklayer.Ethernet, join(ethernet(vlan), tag(ipv4)[:3]), pipeline.View{Tag: vlan, Network: -1, ICMP: -1}},
		{"802.1Q, cut behind the tag", linklayer.Ethernet, join(ethernet(vlan), tag(ipv4)), pipeline.View{EtherType: ipv4, Tag: vlan, Network: 18, ICMP: -1}},

		{"IPv4 options", linklayer.Ethernet, join(ethernet(ipv4), options(outer4(), 10), icmp4(1400), quote4()), pipeline.View{EtherType: ipv4, Network: 14, PTB: 4, ICMP: 74}},
		{"IPv4 options that the capture lacks", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 0, 0x4f), icmp4(1400)), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"IPv4 header length 0, and the type where it claims", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 0, 0x40), icmp4(1400)), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"IPv4 header cut, and the type where it claims", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 0, 0x43, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 3, 4)[:19]), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"version nibble is not looked at", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 0, 0x65), icmp4(1400)), pipeline.View{EtherType: ipv4, Network: 14, PTB: 4, ICMP: 34}},
		{"IPv4, first fragment", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 6, 0x20, 0), icmp4(1400)), pipeline.View{EtherType: ipv4, Network: 14, PTB: 4, ICMP: 34}},
		{"IPv4, later fragment", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 6, 0x20, 1), icmp4(1400)), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"IPv4, not ICMP", linklayer.Ethernet, join(ethernet(ipv4), change(outer4(), 9, 6), icmp4(1400)), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"ICMP, other type", linklayer.Ethernet, join(ethernet(ipv4), outer4(), change(icmp4(1400), 0, 11)), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"ICMP, other code", linklayer.Ethernet, join(ethernet(ipv4), outer4(), change(icmp4(1400), 1, 3)), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"ICMP, two bytes", linklayer.Ethernet, join(ethernet(ipv4), outer4(), icmp4(1400)[:2]), pipeline.View{EtherType: ipv4, Network: 14, PTB: 4, ICMP: 34}},
		{"ICMP, one byte", linklayer.Ethernet, join(ethernet(ipv4), outer4(), icmp4(1400)[:1]), pipeline.View{EtherType: ipv4, Network: 14, ICMP: -1}},
		{"ICMPv6, two bytes", linklayer.Ethernet, join(ethernet(ipv6), outer6(), icmp6(1400)[:2]), pipeline.View{EtherType: ipv6, Network: 14, PTB: 6, ICMP: 54}},
		{"ICMPv6, one byte", linklayer.Ethernet, join(ethernet(ipv6), outer6(), icmp6(1400)[:1]), pipeline.View{EtherType: ipv6, Network: 14, ICMP: -1}},
		{"ICMPv6, other code", linklayer.Ethernet, join(ethernet(ipv6), outer6(), change(icmp6(1400), 1, 1)), pipeline.View{EtherType: ipv6, Network: 14, ICMP: -1}},
		{"ICMPv6 behind an extension header", linklayer.Ethernet, join(ethernet(ipv6), change(outer6(), 6, 60), extension(58, 0), icmp6(1400)), pipeline.View{EtherType: ipv6, Network: 14, ICMP: -1}},
		{"extension header that looks like a PTB", linklayer.Ethernet, join(ethernet(ipv6), change(outer6(), 6, 44), icmp6(1400)), pipeline.View{EtherType: ipv6, Network: 14, ICMP: -1}},

		{"PPP, IPv4", linklayer.PPP, join([]byte{0xff, 3, 0, 0x21}, ptb4), pipeline.View{EtherType: ipv4, Network: 4, PTB: 4, ICMP: 24}},
		{"PPP, IPv6 without HDLC", linklayer.PPP, join([]byte{0, 0x57}, ptb6), pipeline.View{EtherType: ipv6, Network: 2, PTB: 6, ICMP: 42}},
		{"PPP, compressed protocol", linklayer.PPP, join([]byte{0xff, 3, 0x21}, ptb4), pipeline.View{EtherType: ipv4, Network: 3, PTB: 4, ICMP: 23}},
		{"PPP, compressed protocol before a 3", linklayer.PPP, []byte{0x21, 3, 0, 0x21}, pipeline.View{EtherType: ipv4, Network: 1, ICMP: -1}},
		{"PPP, compressed protocol and one byte", linklayer.PPP, []byte{0x21, 0x45}, pipeline.View{EtherType: ipv4, Network: 1, ICMP: -1}},
		{"PPP, other control", linklayer.PPP, join([]byte{0xff, 2, 0, 0x21}, ptb4), none},
		{"PPP, LCP", linklayer.PPP, join([]byte{0xff, 3, 0xc0, 0x21}, ptb4), none},
		{"PPP, EtherType", linklayer.PPP, join([]byte{0xff, 3, 8, 0}, ptb4), none},
		{"PPP, cut", linklayer.PPP, []byte{0xff, 3, 0}, none},
		{"PPP, one byte", linklayer.PPP, []byte{0x21}, none},
		{"PPP in HDLC", linklayer.PPPHDLC, join([]byte{0xff, 3, 0, 0x57}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"Cisco's HDLC", linklayer.PPPHDLC, join([]byte{0x0f, 0, 8, 0}, ptb4), pipeline.View{EtherType: ipv4, Network: 4, PTB: 4, ICMP: 24}},
		{"Cisco's HDLC, multicast", linklayer.PPPHDLC, join([]byte{0x8f, 0, 0x86, 0xdd}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"Cisco's HDLC, cut", linklayer.PPPHDLC, []byte{0x0f, 0, 8}, none},
		{"Cisco's HDLC in PPP", linklayer.PPP, join([]byte{0x0f, 0, 8, 0}, ptb4), none},
		{"Cisco's HDLC, other control", linklayer.PPPHDLC, join([]byte{0x0f, 1, 8, 0}, ptb4), none},
		{"PPP in HDLC, compressed protocol before a 0", linklayer.PPPHDLC, []byte{0x21, 0, 8, 0}, pipeline.View{EtherType: ipv4, Network: 1, ICMP: -1}},
		{"PPPoE", linklayer.PPPEther, join([]byte{0x11, 0, 0, 9, 0, 99, 0, 0x21}, ptb4), pipeline.View{EtherType: ipv4, Network: 8, PTB: 4, ICMP: 28}},
		{"PPPoE, other version", linklayer.PPPEther, join([]byte{0x21, 0, 0, 9, 0, 99, 0, 0x21}, ptb4), none},
		{"PPPoE, discovery", linklayer.PPPEther, join([]byte{0x11, 9, 0, 0, 0, 99, 0, 0x21}, ptb4), none},
		{"PPPoE, cut", linklayer.PPPEther, []byte{0x11, 0, 0, 9, 0, 99, 0}, none},

		{"raw, IPv4", linklayer.Raw, ptb4, pipeline.View{EtherType: ipv4, PTB: 4, ICMP: 20}},
		{"raw, IPv6", linklayer.Raw, ptb6, pipeline.View{EtherType: ipv6, PTB: 6, ICMP: 40}},
		{"raw, neither", linklayer.Raw, change(ptb4, 0, 0x55), none},
		{"raw, empty", linklayer.Raw, nil, none},
		{"IPv4", linklayer.IPv4, ptb4, pipeline.View{EtherType: ipv4, PTB: 4, ICMP: 20}},
		{"IPv6", linklayer.IPv6, ptb6, pipeline.View{EtherType: ipv6, PTB: 6, ICMP: 40}},

		{"cooked, IPv4", linklayer.SLL, join(sll(0, ipv4), ptb4), pipeline.View{EtherType: ipv4, Network: 16, PTB: 4, ICMP: 36}},
		{"cooked, 802.1Q", linklayer.SLL, join(sll(0, vlan), tag(ipv6), ptb6), pipeline.View{EtherType: ipv6, Tag: vlan, Network: 20, PTB: 6, ICMP: 60}},
		{"cooked, cut", linklayer.SLL, sll(0, ipv4)[:15], none},
		{"cooked v2, IPv6", linklayer.SLL2, join(sll2(0, ipv6), ptb6), pipeline.View{EtherType: ipv6, Network: 20, PTB: 6, ICMP: 60}},
		{"cooked v2, 802.1Q", linklayer.SLL2, join(sll2(0, vlan), tag(ipv4), ptb4), pipeline.View{EtherType: ipv4, Tag: vlan, Network: 24, PTB: 4, ICMP: 44}},
		{"cooked v2, cut", linklayer.SLL2, sll2(0, ipv4)[:19], none},

		{"BSD loopback, little endian", linklayer.Null, join([]byte{2, 0, 0, 0}, ptb4), pipeline.View{EtherType: ipv4, Network: 4, PTB: 4, ICMP: 24}},
		{"BSD loopback, big endian", linklayer.Null, join([]byte{0, 0, 0, 2}, ptb4), pipeline.View{EtherType: ipv4, Network: 4, PTB: 4, ICMP: 24}},
		{"BSD loopback, IPv6 of macOS", linklayer.Null, join([]byte{30, 0, 0, 0}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"BSD loopback, IPv6 of FreeBSD", linklayer.Null, join([]byte{0, 0, 0, 28}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"BSD loopback, IPv6 of Linux", linklayer.Null, join([]byte{10, 0, 0, 0}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"BSD loopback, IPv6 of Windows", linklayer.Null, join([]byte{23, 0, 0, 0}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"BSD loopback, IPv6 of OpenBSD", linklayer.Null, join([]byte{0, 0, 0, 24}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
		{"BSD loopback, a family above one byte", linklayer.Null, join([]byte{2, 1, 0, 0}, ptb4), none},
		{"BSD loopback, a family above one byte, big endian", linklayer.Null, join([]byte{0, 0, 1, 2}, ptb4), none},
		{"BSD loopback, family 3", linklayer.Null, join([]byte{3, 0, 0, 0}, ptb4), none},
		{"BSD loopback, family 25", linklayer.Null, join([]byte{25, 0, 0, 0}, ptb6), none},
		{"BSD loopback, other family", linklayer.Null, join([]byte{7, 0, 0, 0}, ptb4), none},
		{"BSD loopback, cut", linklayer.Null, []byte{2, 0, 0}, none},
		{"BSD loopback, header only", linklayer.Null, []byte{2, 0, 0, 0}, none},
		{"OpenBSD loopback", linklayer.Loop, join([]byte{0, 0, 0, 24}, ptb6), pipeline.View{EtherType: ipv6, Network: 4, PTB: 6, ICMP: 44}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipeline.Packet{Data: tc.data, Length: len(tc.data), LinkType: tc.link, ReadPort: 7}
			p.PTB, p.Tag = 6, 1 // of an earlier packet in the same place
			p.Decode()
			if diff := cmp.Diff(tc.want, p.View); diff != "" {
				t.Errorf("view (-want +got):\n%s", diff)
			}
			if p.ReadPort != -1 {
				t.Errorf("read port %d, want -1", p.ReadPort)
			}
		})
	}
}

func TestPacketType(t *testing.T) {
	types := []linklayer.PacketType{
		linklayer.TypeHost, linklayer.TypeBroadcast, linklayer.TypeMulticast, linklayer.TypeOtherHost, linklayer.TypeOutgoing,
		linklayer.TypeUnknown,
	}
	for cooked, want := range types {
		for link, data := range map[linklayer.Type][]byte{
			linklayer.SLL:  sll(byte(cooked), ipv4)[:2],
			linklayer.SLL2: sll2(byte(cooked), ipv4)[:11],
		} {
			p := pipeline.Packet{Data: data, LinkType: link}
			p.Decode()
			if p.Type != want {
				t.Errorf("link type %d, cooked type %d: type %d, want %d", link, cooked, p.Type, want)
			}
			if got := p.Broadcast(); got != (want == linklayer.TypeBroadcast || want == linklayer.TypeMulticast) {
				t.Errorf("link type %d, cooked type %d: broadcast %v", link, cooked, got)
			}
		}
	}
	p := pipeline.Packet{Data: []byte{9, 9}, LinkType: linklayer.SLL}
	if p.Decode(); p.Type != linklayer.TypeUnknown {
		t.Errorf("cooked type 0x0909: type %d, want unknown", p.Type)
	}
	for link, data := range map[linklayer.Type][]byte{linklayer.SLL: sll(1, ipv4)[:1], linklayer.SLL2: sll2(1, ipv4)[:10]} {
		p := pipeline.Packet{Data: data, LinkType: link}
		if p.Decode(); p.Type != linklayer.TypeUnknown {
			t.Errorf("link type %d, cut before the cooked type: type %d, want unknown", link, p.Type)
		}
	}
	p = pipeline.Packet{Data: ethernet(ipv4), LinkType: linklayer.Ethernet, Type: linklayer.TypeOtherHost}
	if p.Decode(); p.Type != linklayer.TypeOtherHost {
		t.Errorf("type %d, want what the source gave", p.Type)
	}
}

func TestBroadcast(t *testing.T) {
	toAll := change(ethernet(ipv4), 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	for _, tc := range []struct {
		name   string
		packet pipeline.Packet
		want   bool
	}{
		{"to all", pipeline.Packet{Data: toAll, LinkType: linklayer.Ethernet}, true},
		{"to one", pipeline.Packet{Data: ethernet(ipv4), LinkType: linklayer.Ethernet}, false},
		{"to nearly all", pipeline.Packet{Data: change(toAll, 5, 0xfe), LinkType: linklayer.Ethernet}, true},
		{"to a group", pipeline.Packet{Data: change(ethernet(ipv4), 0, 3, 0, 0, 0, 0, 1), LinkType: linklayer.Ethernet}, true},
		{"to one with a local address", pipeline.Packet{Data: change(ethernet(ipv4), 0, 2, 0, 0, 0, 0, 1), LinkType: linklayer.Ethernet}, false},
		{"cut", pipeline.Packet{Data: toAll[:5], LinkType: linklayer.Ethernet}, false},
		{"by type, without link header", pipeline.Packet{LinkType: linklayer.Raw, Type: linklayer.TypeBroadcast}, true},
		{"to a group by type, without link header", pipeline.Packet{LinkType: linklayer.Raw, Type: linklayer.TypeMulticast}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.packet.Decode()
			if got := tc.packet.Broadcast(); got != tc.want {
				t.Errorf("broadcast %v, want %v", got, tc.want)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	for length, want := range map[int]bool{13: false, 14: false, 15: true} {
		if p := (&pipeline.Packet{Data: ethernet(ipv4), Length: length}); p.Truncated() != want {
			t.Errorf("14 bytes of %d: truncated %v", length, !want)
		}
	}
}

func TestMTU(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
		mtu  uint32
		ok   bool
	}{
		{"IPv4", join(outer4(), icmp4(1400)), 1400, true},
		{"IPv4, unused bytes hold an RFC 4884 length", join(outer4(), change(icmp4(1400), 4, 0, 32)), 1400, true},
		{"IPv4, greatest", join(outer4(), icmp4(65535)), 65535, true},
		{"IPv4, cut", join(outer4(), icmp4(1400)[:7]), 0, false},
		{"IPv6", join(outer6(), icmp6(70000)), 70000, true},
		{"IPv6, greatest", join(outer6(), icmp6(math.MaxUint32)), math.MaxUint32, true},
		{"IPv6, cut", join(outer6(), icmp6(1400)[:7]), 0, false},
		{"not a PTB", join(outer4(), change(icmp4(1400), 1, 1)), 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipeline.Packet{Data: tc.data, LinkType: linklayer.Raw}
			p.Decode()
			if mtu, ok := p.MTU(); mtu != tc.mtu || ok != tc.ok {
				t.Errorf("MTU %d, %v, want %d, %v", mtu, ok, tc.mtu, tc.ok)
			}
		})
	}
}

func TestRouterAndTarget(t *testing.T) {
	for _, tc := range []struct {
		name           string
		data           []byte
		router, target netip.Addr
	}{
		{"IPv4", outer4(), router4, target4},
		{"IPv4, cut", outer4()[:19], netip.Addr{}, netip.Addr{}},
		{"IPv6", outer6(), router6, target6},
		{"IPv6, cut", outer6()[:39], netip.Addr{}, netip.Addr{}},
		{"neither", []byte{0x55}, netip.Addr{}, netip.Addr{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipeline.Packet{Data: tc.data, LinkType: linklayer.Raw}
			p.Decode()
			if p.Router() != tc.router || p.Target() != tc.target {
				t.Errorf("router %v, target %v, want %v, %v", p.Router(), p.Target(), tc.router, tc.target)
			}
		})
	}
}

package icmpptb_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestExplainHidden has what hides a message. Whatever does, the decision is the same.
func TestExplainHidden(t *testing.T) {
	join := func(parts ...string) string { return strings.Join(parts, "") }
	v4 := string(pipelinetest.PTB{}.Frame()[14:])
	v6 := string(pipelinetest.PTB{Router: router6}.Frame()[14:])
	macs := string(pipelinetest.PTB{}.Frame()[:12])
	outer4 := func(proto byte) string {
		return join("\x45\x00\x00\x00\x00\x01\x00\x00\x40", string(proto), "\x00\x00\xcb\x00\x71\x01\xc0\x00\x02\x01")
	}
	outer6 := func(next byte) string { return join("\x60\x00\x00\x00\x00\x88", string(next), v6[7:40]) }
	code1 := join(v6[:41], "\x01", v6[42:])
	const hidden = "a packet-too-big message where pmtud does not look: "
	const v4Found, v6Found = hidden + "ICMPv4 type 3 code 4 hidden behind ", hidden + "ICMPv6 type 2 code 0 hidden behind "
	const none = "not a packet-too-big message but "
	for _, tc := range []struct {
		name string
		link linklayer.Type
		data string
		want string
	}{
		{"message", 1, join(macs, "\x08\x00", v4), "ICMPv4 type 3 code 4"},
		{"one tag", 1, join(macs, "\x81\x00\x00\x07\x86\xdd", v6), "ICMPv6 type 2 code 0"},
		{"QinQ", 1, join(macs, "\x88\xa8\x00\x07\x81\x00\x00\x08\x08\x00", v4), v4Found + "a second VLAN tag"},
		{"three tags", 1, join(macs, "\x88\xa8\x00\x07\x81\x00\x00\x08\x81\x00\x00\x09\x86\xdd", v6), v6Found + "a second VLAN tag"},
		{"old QinQ", 1, join(macs, "\x91\x00\x00\x07\x81\x00\x00\x08\x08\x00", v4), v4Found + "a VLAN tag of type 0x9100, a second VLAN tag"},
		{"MPLS", 1, join(macs, "\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40", v4), v4Found + "MPLS"},
		{"PPPoE", 1, join(macs, "\x88\x64\x11\x00\x00\x01\x00\x76\x00\x21", v4), v4Found + "PPPoE"},
		{"PPPoE, IPv6", 1, join(macs, "\x88\x64\x11\x00\x00\x01\x00\x76\x00\x57", v6), v6Found + "PPPoE"},
		{"SNAP", 1, join(macs, "\x00\x7c\xaa\xaa\x03\x00\x00\x00\x08\x00", v4), v4Found + "an 802.3 header with SNAP"},
		{"802.2", 1, join(macs, "\x00\x7c\x06\x06\x03", v4), v4Found + "an 802.3 header"},
		{"spanning tree", 1, join(macs, "\x00\x26\x42\x42\x03\x00\x00\x00"), none + "nothing known hidden behind an 802.3 header"},
		{"IPIP", 1, join(macs, "\x08\x00", outer4(4), v4), v4Found + "a tunnel (IPv4 in IP)"},
		{"6in4", 1, join(macs, "\x08\x00", outer4(41), v6), v6Found + "a tunnel (IPv6 in IP)"},
		{"4in6", 1, join(macs, "\x86\xdd", outer6(4), v4), v4Found + "a tunnel (IPv4 in IP)"},
		{"GRE", 1, join(macs, "\x08\x00", outer4(47), "\x00\x00\x86\xdd", v6), v6Found + "a tunnel (GRE)"},
		{"GRE with all fields", 1, join(macs, "\x08\x00", outer4(47), "\xb0\x00\x08\x00ssssKKKKNNNN", v4), v4Found + "a tunnel (GRE)"},
		{"GRE, bridged", 1, join(macs, "\x08\x00", outer4(47), "\x00\x00\x65\x58", macs, "\x08\x00", v4), v4Found + "a tunnel (GRE), an Ethernet header"},
		{"hop-by-hop options", 1, join(macs, "\x86\xdd", outer6(0), "\x3a\x00\x01\x04\x00\x00\x00\x00", v6[40:]), v6Found + "an IPv6 extension header (hop-by-hop options)"},
		{"long header", 1, join(macs, "\x86\xdd", outer6(60), "\x3a\x01", strings.Repeat("x", 14), v6[40:]), v6Found + "an IPv6 extension header (destination options)"},
		{"AH", 1, join(macs, "\x86\xdd", outer6(51), "\x3a\x04", strings.Repeat("x", 22), v6[40:]), v6Found + "an IPv6 extension header (authentication)"},
		{"first fragment", 1, join(macs, "\x86\xdd", outer6(44), "\x3a\x00\x00\x01\x00\x00\x00\x00", v6[40:]), v6Found + "an IPv6 extension header (fragment)"},
		{"later fragment", 1, join(macs, "\x86\xdd", outer6(44), "\x3a\x00\x00\x08\x00\x00\x00\x00", v6[40:]), none + "a later fragment hidden behind an IPv6 extension header (fragment)"},
		{"code 1", 1, join(macs, "\x86\xdd", code1), none + "ICMPv6 type 2 code 1"},
		{"cooked QinQ", 113, join(strings.Repeat("\x00", 14), "\x88\xa8\x00\x07\x81\x00\x00\x08\x08\x00", v4), v4Found + "a second VLAN tag"},
		{"cooked 2, MPLS", 276, join("\x88\x47", strings.Repeat("\x00", 18), "\x00\x02\x01\x40", v4), v4Found + "MPLS"},
		{"raw IPIP", 101, join(outer4(4), v4), v4Found + "a tunnel (IPv4 in IP)"},
		{"echo request", 1, join(macs, "\x08\x00", v4[:20], "\x08\x00"), none + "ICMPv4 type 8 code 0"},
		{"later fragment, IPv4", 1, join(macs, "\x08\x00", v4[:6], "\x00\x01", v4[8:]), none + "a later fragment of an ICMPv4 message"},
		{"TCP", 1, join(macs, "\x08\x00", outer4(6)), none + "TCP"},
		{"UDP", 1, join(macs, "\x86\xdd", outer6(17)), none + "UDP"},
		{"ESP", 1, join(macs, "\x86\xdd", outer6(50)), none + "IP protocol 50"},
		{"ARP", 1, join(macs, "\x08\x06"), none + "EtherType 0x0806"},
		{"PPP's LCP", 9, "\xff\x03\xc0\x21", none + "no IP packet"},
		{"empty", 1, "", none + "no IP packet"},
		{"link type", 105, v4, "link type 105 (IEEE802_11), which is not decoded"},
		{"short", 101, v4[:35], "ICMPv4 type 3 code 4, but 35 bytes after the link layer; at least 36 are needed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipeline.Packet{Data: []byte(tc.data), Length: len(tc.data), LinkType: tc.link}
			p.Decode()
			got := build(t).(pipeline.Explainer).Explain(&p)
			if got, _, _ = strings.Cut(got, " bytes captured"); got[:strings.LastIndex(got, ", ")] != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// FuzzExplain checks that an explanation never contradicts the decision.
func FuzzExplain(f *testing.F) {
	for i, p := range pipelinetest.Packets() {
		if i%97 == 0 {
			f.Add(uint16(p.LinkType), p.Data)
		}
	}
	f.Add(uint16(1), append(bytes.Repeat([]byte{0x81, 0, 0, 1}, 40), 0x88, 0x47, 0, 0, 1, 1, 0x45))
	f.Add(uint16(101), bytes.Repeat([]byte("\x45\x00\x00\x00\x00\x01\x00\x00\x40\x04\x00\x00\xcb\x00\x71\x01\xc0\x00\x02\x01"), 30))
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		p := pipeline.Packet{Data: data[:len(data):len(data)], Length: len(data), LinkType: linklayer.Type(link)}
		p.Decode()
		got := build(t).(pipeline.Explainer).Explain(&p)
		if p.PTB != 0 && !strings.HasPrefix(got, "ICMPv") {
			t.Errorf("a message is explained as %s", got)
		}
		if p.PTB == 0 && strings.HasPrefix(got, "ICMPv") {
			t.Errorf("no message, explained as %s", got)
		}
		if strings.HasPrefix(got, "a packet-too-big message where") && !strings.Contains(got, "hidden behind") {
			t.Errorf("nothing hides the message: %s", got)
		}
	})
}

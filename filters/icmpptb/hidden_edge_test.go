package icmpptb_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestExplainEdges has headers that end where they may just end, or a byte before, and each
// kind of header that may be walked through.
func TestExplainEdges(t *testing.T) {
	const (
		sll, sll2 = 113, 276
		eth4      = "\x08\x00"
		eth6      = "\x86\xdd"
		arp       = "\x08\x06"
	)
	macs := string(pipelinetest.PTB{}.Frame()[:12])
	v4 := string(pipelinetest.PTB{}.Frame()[14:])
	v6 := string(pipelinetest.PTB{Router: router6}.Frame()[14:])
	outer4 := func(proto string) string {
		return "\x45\x00\x00\x00\x00\x01\x00\x00\x40" + proto + "\x00\x00\xcb\x00\x71\x01\xc0\x00\x02\x01"
	}
	outer6 := func(next string) string { return "\x60\x00\x00\x00\x00\x88" + next + v6[7:40] }
	const hidden = "a packet-too-big message where pmtud does not look: "
	const v4Found, v6Found = hidden + "ICMPv4 type 3 code 4 hidden behind ", hidden + "ICMPv6 type 2 code 0 hidden behind "
	const none = "not a packet-too-big message but "
	const in4, in6 = "a tunnel (IPv4 in IP)", "a tunnel (IPv6 in IP)"
	tunnels := func(n int) (data, met string) { // of both kinds in turn, so that each is named
		var names []string
		for i := range n {
			if i%2 == 0 {
				data, names = data+outer4("\x29"), append(names, in6)
			} else {
				data, names = data+outer6("\x04"), append(names, in4)
			}
		}
		return data, strings.Join(names, ", ")
	}
	most, mostMet := tunnels(15)
	more, moreMet := tunnels(16)
	for _, tc := range []struct {
		name string
		link linklayer.Type
		data string
		want string
	}{
		{"cooked, nothing behind", sll, strings.Repeat("\x00", 14) + arp, none + "EtherType 0x0806"},
		{"cooked, cut", sll, strings.Repeat("\x00", 14) + arp[:1], none + "no IP packet"},
		{"cooked 2, nothing behind", sll2, arp + strings.Repeat("\x00", 18), none + "EtherType 0x0806"},
		{"cooked 2, cut", sll2, arp + strings.Repeat("\x00", 17), none + "no IP packet"},
		{"the lowest EtherType", 1, macs + "\x06\x00", none + "EtherType 0x0600"},
		{"the highest length", 1, macs + "\x05\xff", none + "nothing known hidden behind an 802.3 header"},

		{"a tag, nothing behind", 1, macs + "\x81\x00\x00\x07" + arp, none + "EtherType 0x0806"},
		{"a tag, cut", 1, macs + "\x81\x00\x00\x07\x08", none + "no IP packet"},
		{"an old tag behind another", 1, macs + "\x81\x00\x00\x07\x91\x00\x00\x08" + eth4 + v4, v4Found + "a second VLAN tag"},
		{"SNAP, nothing behind", 1, macs + "\x00\x08\xaa\xaa\x03\x00\x00\x00" + arp, none + "EtherType 0x0806 hidden behind an 802.3 header with SNAP"},
		{"SNAP, cut", 1, macs + "\x00\x08\xaa\xaa\x03\x00\x00\x00\x08", none + "nothing known hidden behind an 802.3 header"},
		{"SNAP from another", 1, macs + "\x00\x7c\xaa\x42\x03\x00\x00\x00" + eth4 + v4, none + "nothing known hidden behind an 802.3 header"},
		{"802.2, IPv6", 1, macs + "\x00\x7c\x06\x06\x03" + v6, v6Found + "an 802.3 header"},
		{"802.2, nothing behind", 1, macs + "\x00\x03\x06\x06\x03", none + "nothing known hidden behind an 802.3 header"},
		{"802.2, cut", 1, macs + "\x00\x02\x06\x06", none + "nothing known hidden behind an 802.3 header"},
		{"MPLS, IPv6", 1, macs + "\x88\x47\x00\x02\x01\x40" + v6, v6Found + "MPLS"},
		{"MPLS to a group", 1, macs + "\x88\x48\x00\x02\x01\x40" + v4, v4Found + "MPLS"},
		{"MPLS, cut", 1, macs + "\x88\x47\x00\x02\x01", none + "nothing known hidden behind MPLS"},
		{"MPLS, no last label", 1, macs + "\x88\x47\x00\x02\x00\x40", none + "nothing known hidden behind MPLS"},
		{"MPLS, no IP", 1, macs + "\x88\x47\x00\x02\x01\x40\x55" + v4[1:], none + "nothing known hidden behind MPLS"},
		{"MPLS, nothing behind", 1, macs + "\x88\x47\x00\x02\x01\x40", none + "nothing known hidden behind MPLS"},
		{"PPPoE, cut", 1, macs + "\x88\x64\x11\x00\x00\x01\x00", none + "nothing known hidden behind PPPoE"},
		{"PPPoE, nothing behind", 1, macs + "\x88\x64\x11\x00\x00\x01\x00\x02", none + "nothing known hidden behind PPPoE"},

		{"IPv4, cut", 1, macs + eth4 + v4[:19], none + "an IPv4 packet that is cut"},
		{"IPv4, nothing behind", 1, macs + eth4 + v4[:20], none + "ICMPv4 that is cut"},
		{"IPv4, too short a header", 1, macs + eth4 + "\x44" + v4[1:], none + "an IPv4 header of 16 bytes"},
		{"IPv4, options cut", 1, macs + eth4 + "\x46" + v4[1:23], none + "an IPv4 packet that is cut"},
		{"IPv4, options", 1, macs + "\x88\xa8\x00\x07\x81\x00\x00\x08" + eth4 + "\x46" + v4[1:20] + "\x01\x01\x01\x01" + v4[20:22], v4Found + "a second VLAN tag"},
		{"ICMPv4, cut", 1, macs + eth4 + v4[:21], none + "ICMPv4 that is cut"},
		{"a later fragment of TCP", 1, macs + eth4 + v4[:6] + "\x00\x01\x40\x06" + v4[10:20], none + "TCP"},
		{"IPv6, cut", 1, macs + eth6 + v6[:39], none + "an IPv6 packet that is cut"},
		{"ICMPv6, cut", 1, macs + eth6 + v6[:41], none + "ICMPv6 that is cut"},

		{"routing", 1, macs + eth6 + outer6("\x2b") + "\x3a\x00\x00\x00\x00\x00\x00\x00" + v6[40:], v6Found + "an IPv6 extension header (routing)"},
		{"mobility", 1, macs + eth6 + outer6("\x87") + "\x3a\x00\x00\x00\x00\x00\x00\x00" + v6[40:], v6Found + "an IPv6 extension header (mobility)"},
		{"HIP", 1, macs + eth6 + outer6("\x8b") + "\x3a\x00\x00\x00\x00\x00\x00\x00" + v6[40:], v6Found + "an IPv6 extension header (HIP)"},
		{"Shim6", 1, macs + eth6 + outer6("\x8c") + "\x3a\x00\x00\x00\x00\x00\x00\x00" + v6[40:], v6Found + "an IPv6 extension header (Shim6)"},
		{"two extension headers", 1, macs + eth6 + outer6("\x00") + "\x3c\x00\x00\x00\x00\x00\x00\x00\x3a\x00\x00\x00\x00\x00\x00\x00" + v6[40:], v6Found + "an IPv6 extension header (hop-by-hop options), an IPv6 extension header (destination options)"},
		{"an extension header, cut", 1, macs + eth6 + outer6("\x3c") + "\x3a\x00\x00\x00\x00\x00\x00", none + "nothing known hidden behind an IPv6 extension header (destination options)"},
		{"a long extension header, cut", 1, macs + eth6 + outer6("\x3c") + "\x3a\x01" + strings.Repeat("x", 13), none + "nothing known hidden behind an IPv6 extension header (destination options)"},
		{"an extension header, nothing behind", 1, macs + eth6 + outer6("\x3c") + "\x3a\x00\x00\x00\x00\x00\x00\x00", none + "ICMPv6 that is cut hidden behind an IPv6 extension header (destination options)"},
		{"TCP behind an extension header", 1, macs + eth6 + outer6("\x3c") + "\x06\x00\x00\x00\x00\x00\x00\x00", none + "TCP hidden behind an IPv6 extension header (destination options)"},

		{"GRE, cut", 1, macs + eth4 + outer4("\x2f") + "\x00\x00\x08", none + "nothing known hidden behind a tunnel (GRE)"},
		{"GRE, nothing behind", 1, macs + eth4 + outer4("\x2f") + "\x00\x00" + arp, none + "EtherType 0x0806 hidden behind a tunnel (GRE)"},
		{"GRE with a checksum", 1, macs + eth4 + outer4("\x2f") + "\x80\x00\x08\x00ssss" + v4, v4Found + "a tunnel (GRE)"},
		{"GRE with a key", 1, macs + eth4 + outer4("\x2f") + "\x20\x00\x08\x00kkkk" + v4, v4Found + "a tunnel (GRE)"},
		{"GRE with a number", 1, macs + eth4 + outer4("\x2f") + "\x10\x00\x08\x00nnnn" + v4, v4Found + "a tunnel (GRE)"},
		{"GRE with other flags", 1, macs + eth4 + outer4("\x2f") + "\x4f\x00\x08\x00" + v4, v4Found + "a tunnel (GRE)"},
		{"GRE, cut in its fields", 1, macs + eth4 + outer4("\x2f") + "\xb0\x00\x08\x00sssskkkknnn", none + "nothing known hidden behind a tunnel (GRE)"},

		{"as many headers as are walked", 1, macs + eth4 + most + v6, v6Found + mostMet},
		{"more headers", 1, macs + eth4 + more + v4, none + "nothing known hidden behind " + moreMet},
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

package wire_test

import (
	"slices"
	"testing"

	"github.com/pmtud/pmtud/pipeline/wire"
)

func TestPayloadIPv4(t *testing.T) {
	for _, tc := range []struct {
		name string
		at   int
		b    []byte
		want wire.Payload
	}{
		{"options", 0, []byte{0x4f}, wire.Payload{Protocol: 1, Offset: 60}},
		{"a header length below 20", 0, []byte{0x44}, wire.Payload{Protocol: 1, Offset: 16}},
		{"don't fragment", 6, []byte{0x40, 0}, wire.Payload{Protocol: 1, Offset: 20}},
		{"first fragment", 6, []byte{0x20, 0}, wire.Payload{Protocol: 1, Offset: 20, MoreFragments: true}},
		{"later fragment", 6, []byte{0x20, 3}, wire.Payload{Protocol: 1, Offset: 20, FragmentOffset: 24, MoreFragments: true}},
		{"last fragment", 6, []byte{0x1f, 0xff}, wire.Payload{Protocol: 1, Offset: 20, FragmentOffset: 65528}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := packet4(t)
			copy(b[tc.at:], tc.b)
			got := wire.ParseIP(b).Payload()
			if got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			if want := got.MoreFragments || got.FragmentOffset > 0; got.IsFragment() != want {
				t.Errorf("is a fragment: %v", !want)
			}
		})
	}
}

// TestExtensions has chains of IPv6 extension headers. Each header is filled with what
// would lead to another result, were its length read wrongly.
func TestExtensions(t *testing.T) {
	header := func(next, length byte, n int) []byte {
		h := slices.Repeat([]byte{44, 0, 0xff, 0xf8}, n/4)
		h[0], h[1] = next, length
		return h
	}
	const tcp, esp = 6, 50
	for _, tc := range []struct {
		name  string
		first byte
		chain []byte
		want  wire.Payload
	}{
		{"hop-by-hop of 8 bytes", 0, header(tcp, 0, 8), wire.Payload{Protocol: tcp, Offset: 48}},
		{"routing of 24 bytes", 43, header(tcp, 2, 24), wire.Payload{Protocol: tcp, Offset: 64}},
		{"destination of 16 bytes", 60, header(tcp, 1, 16), wire.Payload{Protocol: tcp, Offset: 56}},
		{"mobility", 135, header(tcp, 1, 16), wire.Payload{Protocol: tcp, Offset: 56}},
		{"HIP", 139, header(tcp, 4, 40), wire.Payload{Protocol: tcp, Offset: 80}},
		{"Shim6", 140, header(tcp, 0, 8), wire.Payload{Protocol: tcp, Offset: 48}},
		{"authentication of 24 bytes", 51, header(tcp, 4, 24), wire.Payload{Protocol: tcp, Offset: 64}},
		{"several", 0, slices.Concat(header(51, 1, 16), header(60, 4, 24), header(tcp, 2, 24)), wire.Payload{Protocol: tcp, Offset: 104}},
		{"ESP", 0, header(esp, 0, 8), wire.Payload{Protocol: esp, Offset: 48}},
		{"no next header", 0, header(59, 0, 8), wire.Payload{Protocol: 59, Offset: 48}},
		{"longer than the packet", 0, header(tcp, 255, 16), wire.Payload{Protocol: tcp, Offset: 40 + 2048}},
		{"cut", 60, header(tcp, 0, 8)[:7], wire.Payload{Protocol: 60, Offset: 40}},
		{"first fragment", 44, []byte{tcp, 9, 0, 1, 0, 0, 0, 1}, wire.Payload{Protocol: tcp, Offset: 48, MoreFragments: true}},
		{"later fragment", 44, []byte{60, 9, 0, 14, 0, 0, 0, 1, tcp, 0, 0, 0, 0, 0, 0, 0}, wire.Payload{Protocol: 60, Offset: 48, FragmentOffset: 8}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := append(packet6(t)[:40:40], tc.chain...)
			b[6] = tc.first
			if got := wire.ParseIP(b).Payload(); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestPorts(t *testing.T) {
	b := append(make([]byte, 20), 0x01, 0xbb, 0x9c, 0x40) // 443 and 40000
	for name, tc := range map[string]struct {
		b    []byte
		in   wire.Payload
		want bool
	}{
		"first bytes":                {b, wire.Payload{Protocol: wire.ProtoUDP, Offset: 20}, true},
		"first fragment":             {b, wire.Payload{Protocol: wire.ProtoUDP, Offset: 20, MoreFragments: true}, true},
		"later fragment":             {b, wire.Payload{Protocol: wire.ProtoUDP, Offset: 20, FragmentOffset: 8}, false},
		"protocol without ports":     {b, wire.Payload{Protocol: wire.ProtoESP, Offset: 20}, false},
		"a byte too few":             {b[:23], wire.Payload{Protocol: wire.ProtoUDP, Offset: 20}, false},
		"header shorter than may be": {b, wire.Payload{Protocol: wire.ProtoUDP, Offset: 19}, false},
	} {
		src, dst, ok := wire.IP{Version: 4, Bytes: tc.b}.Ports(tc.in)
		if known, none := src == 443 && dst == 40000, src == 0 && dst == 0; ok != tc.want || ok && !known || !ok && !none {
			t.Errorf("%s: %d and %d, %v, want %v", name, src, dst, ok, tc.want)
		}
	}
}

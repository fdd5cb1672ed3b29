package pipeline_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// TestIPEnd has bytes behind the IP packet, which quote nothing.
func TestIPEnd(t *testing.T) {
	trailer := []byte{0x01, 0xbb, 0x9c, 0x40, 0xde, 0xad, 0xbe, 0xef}
	length4 := func(n byte) []byte {
		return join(change(outer4(), 2, 0, n), icmp4(1400), ip4(6, target4, client4), trailer)
	}
	length6 := func(n byte) []byte {
		return join(change(outer6(), 4, 0, n), icmp6(1400), ip6(6, target6, client6), trailer)
	}
	for _, tc := range []struct {
		name       string
		data       []byte
		end, quote int
		ports      bool
	}{
		{"IPv4, all of it", length4(56), 56, 28, true},
		{"IPv4, one byte behind it", length4(55), 55, 27, true},
		{"IPv4, all ports behind it", length4(48), 48, 20, false},
		{"IPv4, half a port inside", length4(49), 49, 21, false},
		{"IPv4, one port inside", length4(50), 50, 22, false},
		{"IPv4, both ports inside", length4(52), 52, 24, true},
		{"IPv4, the quoted header behind it", length4(47), 47, 19, false},
		{"IPv4, all of the quote behind it", length4(28), 28, 0, false},
		{"IPv4, ends in the ICMP header", length4(27), 27, 0, false},
		{"IPv4, length 0", length4(0), 0, 0, false},
		{"IPv4, claims more than there is", length4(200), 56, 28, true},
		{"IPv6, all of it", length6(56), 96, 48, true},
		{"IPv6, all ports behind it", length6(48), 88, 40, false},
		{"IPv6, both ports inside", length6(52), 92, 44, true},
		{"IPv6, length 0", length6(0), 40, 0, false},
		{"IPv6, claims more than there is", length6(200), 96, 48, true},
		{"no whole header", outer4()[:19], 19, 0, false},
		{"nothing", nil, 0, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipeline.Packet{Data: tc.data, Length: len(tc.data), LinkType: linklayer.Raw}
			p.Decode()
			if p.IPEnd() != tc.end || len(p.Quote()) != tc.quote {
				t.Errorf("the packet ends at %d, quoting %d bytes, want %d and %d", p.IPEnd(), len(p.Quote()), tc.end, tc.quote)
			}
			if q, _ := p.Quoted(); q.HasPorts != tc.ports {
				t.Errorf("ports %v, want %v", q.HasPorts, tc.ports)
			}
		})
	}
}

// TestUsable quotes as much as receivers ask for, and less.
func TestUsable(t *testing.T) {
	from4 := func(proto uint8) []byte { return ip4(proto, target4, client4) }
	from6 := func(next uint8) []byte { return ip6(next, target6, client6) }
	for _, tc := range []struct {
		name  string
		quote []byte
		want  bool
	}{
		{"IPv4, eight bytes behind the header", quote4(), true},
		{"IPv4, seven", quote4()[:27], false},
		{"IPv4, nothing behind the header", from4(6), false},
		{"IPv4, half a header", from4(6)[:10], false},
		{"IPv4, options", join(options(from4(6), 3), tcp()), true},
		{"IPv4, options, seven bytes", join(options(from4(6), 3), tcp()[:7]), false},
		{"IPv4, header length 16", change(quote4(), 0, 0x44), false},
		{"IPv4, header length 16, half a header", change(quote4(), 0, 0x44)[:10], false},
		{"IPv4, ESP", join(from4(50), tcp()), true},
		{"IPv4, first fragment", join(change(from4(17), 6, 0x20, 0), tcp()), true},
		{"IPv4, later fragment", join(change(from4(17), 6, 0, 1), tcp()), false},
		{"IPv6, eight bytes behind the header", quote6(), true},
		{"IPv6, seven", quote6()[:47], false},
		{"IPv6, nothing behind the header", from6(6), false},
		{"IPv6, half a header", from6(6)[:32], false},
		{"IPv6, a chain", join(from6(0), extension(43, 0), extension(60, 1), extension(6, 0), tcp()), true},
		{"IPv6, a chain, seven bytes", join(from6(0), extension(43, 0), extension(60, 1), extension(6, 0), tcp()[:7]), false},
		{"IPv6, a chain that is cut", join(from6(0), extension(43, 0)[:7]), false},
		{"IPv6, an extension header and nothing behind it", join(from6(0), extension(6, 0)), false},
		{"IPv6, a header that claims more than is there", join(from6(60), change(extension(6, 0), 1, 200), tcp()), false},
		{"IPv6, authentication header", join(from6(51), authentication(6, 4), tcp()), true},
		{"IPv6, authentication header, seven bytes", join(from6(51), authentication(6, 4), tcp()[:7]), false},
		{"IPv6, first fragment", join(from6(44), fragment(6, 0), tcp()), true},
		{"IPv6, first fragment, seven bytes", join(from6(44), fragment(6, 0), tcp()[:7]), false},
		{"IPv6, later fragment", join(from6(44), fragment(6, 1), tcp()), false},
		{"IPv6, no next header", join(from6(59), tcp()), false},
		{"IPv6, mobility header", join(from6(135), extension(59, 0)), true},
		{"neither version", change(quote4(), 0, 0x55), false},
		{"nothing", nil, false},
	} {
		for outer, icmp := range map[string][]byte{"IPv4": join(outer4(), icmp4(1400)), "IPv6": join(outer6(), icmp6(1400))} {
			t.Run(tc.name+", in "+outer, func(t *testing.T) {
				data := join(icmp, tc.quote)
				p := pipeline.Packet{Data: data, Length: len(data), LinkType: linklayer.Raw}
				p.Decode()
				if p.Usable() != tc.want {
					t.Errorf("usable: %v, want %v", p.Usable(), tc.want)
				}
			})
		}
	}
}

// TestUsableCut has captures that hold only the beginning of what was on the wire.
func TestUsableCut(t *testing.T) {
	whole := join(outer4(), icmp4(1400), quote4())
	padded := join(change(outer4(), 2, 0, byte(len(whole)-1)), icmp4(1400), quote4())
	for name, tc := range map[string]struct {
		p    pipeline.Packet
		want bool
	}{
		"in the quote":           {pipeline.Packet{Data: whole[:50], Length: 56}, true},
		"before the quote":       {pipeline.Packet{Data: whole[:28], Length: 56}, true},
		"nothing cut":            {pipeline.Packet{Data: whole[:50], Length: 50}, false},
		"behind a short message": {pipeline.Packet{Data: padded, Length: 60}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.p.LinkType = linklayer.Raw
			tc.p.Decode()
			if tc.p.Usable() != tc.want {
				t.Errorf("usable: %v, want %v", tc.p.Usable(), tc.want)
			}
		})
	}
}

package pipeline_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

func TestQuoted(t *testing.T) {
	v4 := func(proto wire.Protocol) pipeline.Quoted {
		return pipeline.Quoted{Version: 4, TTL: 60, Protocol: proto, Src: target4, Dst: client4, Length: 200}
	}
	v6 := func(proto wire.Protocol) pipeline.Quoted {
		return pipeline.Quoted{Version: 6, TTL: 60, Protocol: proto, Src: target6, Dst: client6, Length: 240}
	}
	ports := func(q pipeline.Quoted) pipeline.Quoted {
		q.HasPorts, q.SrcPort, q.DstPort = true, 443, 40000
		return q
	}
	from4 := func(proto uint8) []byte { return ip4(proto, target4, client4) }
	from6 := func(next uint8) []byte { return ip6(next, target6, client6) }
	none := pipeline.Quoted{}
	for _, tc := range []struct {
		name  string
		quote []byte
		want  pipeline.Quoted // zero: no quoted packet
	}{
		{"TCP", quote4(), ports(v4(6))},
		{"UDP", join(from4(17), tcp()), ports(v4(17))},
		{"DCCP", join(from4(33), tcp()), ports(v4(33))},
		{"SCTP", join(from4(132), tcp()), ports(v4(132))},
		{"UDP-Lite", join(from4(136), tcp()), ports(v4(136))},
		{"ICMP has no ports", join(from4(1), tcp()), v4(1)},
		{"IPIP has no ports", join(from4(4), tcp()), v4(4)},
		{"GRE has no ports", join(from4(47), tcp()), v4(47)},
		{"ESP has no ports", join(from4(50), tcp()), v4(50)},
		{"IPv4 options", join(options(from4(6), 3), tcp()), ports(v4(6))},
		{"IPv4 options that the quote lacks", change(join(from4(6), tcp()), 0, 0x4f), v4(6)},
		{"IPv4 header length below 20", change(quote4(), 0, 0x44), v4(6)},
		{"IPv4, four bytes behind the header", join(from4(6), tcp()[:4]), ports(v4(6))},
		{"IPv4, three bytes behind the header", join(from4(6), tcp()[:3]), v4(6)},
		{"IPv4, header only", from4(6), v4(6)},
		{"IPv4, first fragment", join(change(from4(6), 6, 0x20, 0), tcp()), ports(v4(6))},
		{"IPv4, later fragment", join(change(from4(6), 6, 0, 1), tcp()), v4(6)},
		{"IPv4, cut", from4(6)[:19], none},
		{"neither version", change(quote4(), 0, 0x55), none},
		{"empty", nil, none},

		{"TCP over IPv6", quote6(), ports(v6(6))},
		{"IPv6, four bytes behind the header", join(from6(6), tcp()[:4]), ports(v6(6))},
		{"IPv6, three bytes behind the header", join(from6(6), tcp()[:3]), v6(6)},
		{"IPv6, cut", from6(6)[:39], none},
		{"hop-by-hop options", join(from6(0), extension(17, 0), tcp()), ports(v6(17))},
		{"long destination options", join(from6(60), extension(6, 2), tcp()), ports(v6(6))},
		{"routing header", join(from6(43), extension(6, 1), tcp()), ports(v6(6))},
		{"mobility header", join(from6(135), extension(6, 1), tcp()), ports(v6(6))},
		{"HIP", join(from6(139), extension(6, 1), tcp()), ports(v6(6))},
		{"Shim6", join(from6(140), extension(6, 1), tcp()), ports(v6(6))},
		{"a number between them", join(from6(138), extension(6, 1), tcp()), v6(138)},
		{"a chain", join(from6(0), extension(43, 0), extension(60, 1), extension(6, 0), tcp()), ports(v6(6))},
		{"authentication header", join(from6(51), authentication(6, 4), tcp()), ports(v6(6))},
		{"ESP over IPv6", join(from6(0), extension(50, 0), tcp()), v6(50)},
		{"no next header", join(from6(0), extension(59, 0), tcp()), v6(59)},
		{"first fragment", join(from6(44), fragment(6, 0), tcp()), ports(v6(6))},
		{"later fragment", join(from6(44), fragment(6, 1), tcp()), v6(6)},
		{"extension header, cut", join(from6(60), extension(6, 0)[:7]), v6(60)},
		{"extension header that claims more than is there", join(from6(60), change(extension(6, 0), 1, 200), tcp()), v6(6)},
		{"four bytes behind an extension header", join(from6(60), extension(6, 0), tcp()[:4]), ports(v6(6))},
		{"nothing behind an extension header", join(from6(60), extension(6, 0)), v6(6)},
	} {
		for outer, icmp := range map[string][]byte{"IPv4": join(outer4(), icmp4(1400)), "IPv6": join(outer6(), icmp6(1400))} {
			t.Run(tc.name+", in "+outer, func(t *testing.T) {
				p := pipeline.Packet{Data: join(icmp, tc.quote), LinkType: linklayer.Raw}
				p.Decode()
				got, ok := p.Quoted()
				if ok != (tc.want != none) {
					t.Errorf("quoted %v, want %v", ok, !ok)
				}
				if diff := cmp.Diff(tc.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
					t.Errorf("quoted packet (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestNoQuote(t *testing.T) {
	for name, data := range map[string][]byte{
		"not a PTB":       join(outer4(), change(icmp4(1400), 1, 1), quote4()),
		"ICMP header cut": join(outer4(), icmp4(1400)[:7]),
		"nothing quoted":  join(outer4(), icmp4(1400)),
	} {
		t.Run(name, func(t *testing.T) {
			p := pipeline.Packet{Data: data, LinkType: linklayer.Raw}
			p.Decode()
			if q := p.Quote(); len(q) != 0 {
				t.Errorf("quote of %d bytes", len(q))
			}
			if _, ok := p.Quoted(); ok {
				t.Error("there is a quoted packet")
			}
		})
	}
}

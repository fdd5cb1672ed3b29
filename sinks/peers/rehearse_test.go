package peers_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sinks/peers"
)

// rehearsed is a packet that a sink would send, without its lengths and checksums.
type rehearsed struct {
	Link     linklayer.Type
	Src, Dst string
	TTL      uint8
	ICMP     []byte // without checksum
}

// read checks the lengths and checksums of a packet and returns the rest.
func read(t *testing.T, link linklayer.Type, packet []byte) rehearsed {
	t.Helper()
	if packet[0] == 0x45 {
		length, sum := binary.BigEndian.Uint16(packet[2:]), checksum(packet[:20])
		if int(length) != len(packet) || packet[9] != 1 || sum != 0 || checksum(packet[20:]) != 0 {
			t.Errorf("length %d of %d, protocol %d, sum of the header %#x", length, len(packet), packet[9], sum)
		}
		addr := func(at int) string { return netip.AddrFrom4([4]byte(packet[at:])).String() }
		return rehearsed{link, addr(12), addr(16), packet[8], withoutChecksum(packet[20:])}
	}
	length := binary.BigEndian.Uint16(packet[4:])
	pseudo := append(bytes.Clone(packet[8:40]), 0, 0, byte(length>>8), byte(length), 0, 0, 0, 58)
	if packet[0] != 0x60 || int(length) != len(packet)-40 || packet[6] != 58 || checksum(append(pseudo, packet[40:]...)) != 0 {
		t.Errorf("length %d of %d, next header %d, checksum % x", length, len(packet)-40, packet[6], packet[42:44])
	}
	addr := func(at int) string { return netip.AddrFrom16([16]byte(packet[at:])).String() }
	return rehearsed{link, addr(8), addr(24), packet[7], withoutChecksum(packet[40:])}
}

func withoutChecksum(icmp []byte) []byte {
	icmp = bytes.Clone(icmp)
	icmp[2], icmp[3] = 0, 0
	return icmp
}

// checksum is that of RFC 1071, 0 for bytes that hold a right one.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i, c := range b {
		sum += uint32(c) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// TestRehearse wants what the sink would send to peers that are listed by address.
func TestRehearse(t *testing.T) {
	list := []string{"192.0.2.12", "web.example.net", "2001:db8::12", "192.0.2.11", "192.0.2.12", "2001:db8::11"}
	from := func(router string, change func(*pipeline.Packet)) pipeline.Packet {
		p := pipelinetest.PTB{Router: netip.MustParseAddr(router)}.Packet(pipelinetest.Begin)
		if change != nil {
			change(&p)
		}
		return p
	}
	set := func(at int, octet byte) func(*pipeline.Packet) {
		return func(p *pipeline.Packet) { p.Data[at] = octet }
	}
	const v4, v6 = "203.0.113.1", "2001:db8:f::1"
	odd := func(p *pipeline.Packet) { // the last byte is padding
		p.Data[17]--
		binary.BigEndian.PutUint16(p.Data[36:], 0)
		binary.BigEndian.PutUint16(p.Data[36:], checksum(p.Data[34:len(p.Data)-1]))
	}
	odd6 := func(p *pipeline.Packet) { p.Data[19]-- }
	for _, tc := range []struct {
		name   string
		packet pipeline.Packet
		list   []string
		to     []string
		ttl    uint8
		length int // of the message
		reason string
	}{
		{"IPv4", from(v4, nil), list, []string{"192.0.2.12", "192.0.2.11"}, 59, 108, ""},
		{"IPv6", from(v6, nil), list, []string{"2001:db8::12", "2001:db8::11"}, 59, 108, ""},
		{"IPv4, an odd length", from(v4, odd), list, []string{"192.0.2.12", "192.0.2.11"}, 59, 107, ""},
		{"IPv6, an odd length", from(v6, odd6), list, []string{"2001:db8::12", "2001:db8::11"}, 59, 107, ""},
		{"TTL 2", from(v4, set(22, 2)), list, []string{"192.0.2.12", "192.0.2.11"}, 1, 108, ""},
		{"TTL 1", from(v4, set(22, 1)), list, nil, 0, 0, "ttl-expired"},
		{"TTL 0", from(v4, set(22, 0)), list, nil, 0, 0, "ttl-expired"},
		{"hop limit 2", from(v6, set(21, 2)), list, []string{"2001:db8::12", "2001:db8::11"}, 1, 108, ""},
		{"hop limit 1", from(v6, set(21, 1)), list, nil, 0, 0, "ttl-expired"},
		{"from a peer", from("192.0.2.11", nil), list, nil, 0, 0, "from-peer"},
		{"from an IPv6 peer, TTL 1", from("2001:db8::12", set(21, 1)), list, nil, 0, 0, "from-peer"},
		{"IPv6, IPv4 peers only", from(v6, nil), list[3:4], nil, 0, 0, "no-peers"},
		{"IPv4, a name only", from(v4, nil), list[1:2], nil, 0, 0, "no-peers"},
		{"no PTB", from(v4, set(34, 8)), list, nil, 0, 0, "not-ptb"},
		{"cut by the capture", from(v4, func(p *pipeline.Packet) { p.Length++ }), list, nil, 0, 0, "truncated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, dry := range []bool{false, true} {
				settings := dryRun(tc.list...)
				settings.DryRun = dry
				built, err := peers.Plugin().Build(settings, pipelinetest.Env(t))
				if err != nil {
					t.Fatal(err)
				}
				p := tc.packet
				p.Decode()
				var got, want []rehearsed
				icmp, src := p.Network+20, "0.0.0.0"
				if p.PTB == 6 {
					icmp, src = p.Network+40, "::"
				}
				for _, to := range tc.to {
					if !dry {
						want = append(want, rehearsed{linklayer.Raw, src, to, tc.ttl, withoutChecksum(p.Data[icmp : icmp+tc.length])})
					}
				}
				for range 2 { // the second time it has what it works with
					got = nil
					reason := built.(pipeline.DryRunner).DryRun(&p, func(link linklayer.Type, octets []byte) {
						got = append(got, read(t, link, octets))
					})
					name := ""
					if reason != pipeline.Pass {
						name = peers.Plugin().Reasons[reason-1].Name
					}
					if name != tc.reason {
						t.Errorf("reason %q, want %q", name, tc.reason)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("dry run %v: packets (-want +got):\n%s", dry, diff)
					}
				}
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	families := []string{"AF_NETLINK", "AF_INET", "AF_INET6"}
	files := []pipeline.File{{Path: "/etc/resolv.conf"}, {Path: "/etc/hosts"}, {Path: "/etc/nsswitch.conf", Optional: true}}
	for name, tc := range map[string]struct {
		list []string
		dry  bool
		want pipeline.Needs
	}{
		"addresses": {[]string{"192.0.2.1", "2001:db8::1"}, false, pipeline.Needs{
			Families: families, Hosts: []string{"192.0.2.1", "2001:db8::1"},
			Capabilities: []string{"CAP_NET_RAW"}, Emits: []string{"packets sent by routing"}, Limit: true,
		}},
		"a name among them": {[]string{"192.0.2.1", "web.example.net", "192.0.2.2"}, false, pipeline.Needs{
			Families: families, Hosts: []string{"192.0.2.1", "web.example.net", "192.0.2.2"}, Files: files,
			Capabilities: []string{"CAP_NET_RAW"}, Emits: []string{"packets sent by routing"}, Limit: true,
		}},
		"dry run": {[]string{"web.example.net"}, true, pipeline.Needs{Families: families, Hosts: []string{"web.example.net"}, Files: files}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := dryRun(tc.list...)
			settings.DryRun = tc.dry
			built, err := peers.Plugin().Build(settings, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, built.(pipeline.HostUser).Needs()); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
}

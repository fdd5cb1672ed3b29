package wire_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/pipeline/wire"
)

var (
	src4, dst4 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.7")
	src6, dst6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:c::7")
)

// packet4 returns an ICMP message of 60 bytes with correct checksums.
func packet4(t testing.TB) []byte {
	ip := &layers.IPv4{
		Version: 4, TTL: 60, Protocol: layers.IPProtocolICMPv4, SrcIP: src4.AsSlice(), DstIP: dst4.AsSlice(),
	}
	return serialize(t, ip, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 4), Seq: 1400}, payload(32))
}

// packet6 is packet4 for IPv6, 80 bytes.
func packet6(t testing.TB) []byte {
	ip := &layers.IPv6{
		Version: 6, HopLimit: 61, NextHeader: layers.IPProtocolICMPv6, SrcIP: src6.AsSlice(), DstIP: dst6.AsSlice(),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(2, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	return serialize(t, ip, icmp, payload(36))
}

func payload(n int) gopacket.Payload {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(255 - 7*i)
	}
	return b
}

func serialize(t testing.TB, stack ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestIP(t *testing.T) {
	for _, tc := range []struct {
		name     string
		bytes    []byte
		version  uint8
		header   int
		len      int
		ttl      uint8
		protocol wire.Protocol
		src, dst netip.Addr
	}{
		{"IPv4", packet4(t), 4, 20, 60, 60, wire.ProtoICMP, src4, dst4},
		{"IPv4 header alone", packet4(t)[:20], 4, 20, 60, 60, wire.ProtoICMP, src4, dst4},
		{"IPv6", packet6(t), 6, 40, 80, 61, wire.ProtoICMPv6, src6, dst6},
		{"IPv6 header alone", packet6(t)[:40], 6, 40, 80, 61, wire.ProtoICMPv6, src6, dst6},
		{"IPv4 header, cut", packet4(t)[:19], 0, 0, 0, 0, 0, netip.Addr{}, netip.Addr{}},
		{"IPv6 header, cut", packet6(t)[:39], 0, 0, 0, 0, 0, netip.Addr{}, netip.Addr{}},
		{"another version", append([]byte{0x55}, packet6(t)...), 0, 0, 0, 0, 0, netip.Addr{}, netip.Addr{}},
		{"nothing", nil, 0, 0, 0, 0, 0, netip.Addr{}, netip.Addr{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ip := wire.ParseIP(tc.bytes)
			if ip.Version != tc.version || ip.HeaderLen() != tc.header || ip.Len() != tc.len || ip.TTL() != tc.ttl || ip.Protocol() != tc.protocol {
				t.Errorf("version %d, header of %d, %d bytes, TTL %d, protocol %v", ip.Version, ip.HeaderLen(), ip.Len(), ip.TTL(), ip.Protocol())
			}
			if ip.Src() != tc.src || ip.Dst() != tc.dst {
				t.Errorf("from %v to %v", ip.Src(), ip.Dst())
			}
			if want := (wire.Payload{Protocol: tc.protocol, Offset: tc.header}); ip.Payload() != want {
				t.Errorf("payload %+v, want %+v", ip.Payload(), want)
			}
		})
	}
}

// TestFields compares the fields of each version with those of [wire.IP].
func TestFields(t *testing.T) {
	v4, v6 := wire.IPv4(packet4(t)), wire.IPv6(packet6(t))
	if v4.TTL() != 60 || v6.HopLimit() != 61 {
		t.Errorf("TTL %d, hop limit %d", v4.TTL(), v6.HopLimit())
	}
	for _, tc := range []struct {
		got  []byte
		want netip.Addr
	}{{v4.Src(), src4}, {v4.Dst(), dst4}, {v6.Src(), src6}, {v6.Dst(), dst6}} {
		if !bytes.Equal(tc.got, tc.want.AsSlice()) {
			t.Errorf("address % x, want %v", tc.got, tc.want)
		}
	}
}

func TestHasPorts(t *testing.T) {
	var got []string
	for p := range 1 << 8 {
		if wire.Protocol(p).HasPorts() {
			got = append(got, wire.Protocol(p).String())
		}
	}
	if want := "tcp udp dccp sctp udplite"; strings.Join(got, " ") != want {
		t.Errorf("protocols with ports: %s, want %s", got, want)
	}
}

// TestNewIP has headers that claim another version than the link layer.
func TestNewIP(t *testing.T) {
	b := packet6(t)
	for version, want := range map[uint8]int{4: int(b[2])<<8 | int(b[3]), 6: 80, 0: 0, 5: 0} {
		if got := wire.NewIP(version, b).Len(); got != want {
			t.Errorf("version %d: length %d, want %d", version, got, want)
		}
	}
}

// TestCut has headers that end anywhere.
func TestCut(t *testing.T) {
	for version, b := range map[uint8][]byte{4: packet4(t), 6: packet6(t)} {
		for n := range b {
			cut := b[:n:n]
			_, header := wire.HeaderLen(version, cut)
			length, hasLength := wire.Len(version, cut)
			ttl, hasTTL := wire.TTL(version, cut)
			if want := n > 0 || version == 6; header != want {
				t.Errorf("IPv%d, %d bytes: header length %v", version, n, header)
			}
			if want := n >= map[uint8]int{4: 4, 6: 6}[version]; hasLength != want || want && length != len(b) {
				t.Errorf("IPv%d, %d bytes: length %d, %v", version, n, length, hasLength)
			}
			if want := n >= map[uint8]int{4: 9, 6: 8}[version]; hasTTL != want || want && ttl != map[uint8]uint8{4: 60, 6: 61}[version] {
				t.Errorf("IPv%d, %d bytes: TTL %d, %v", version, n, ttl, hasTTL)
			}
			if got := wire.Version(cut); n > 0 && got != version || n == 0 && got != 0 {
				t.Errorf("%d bytes: version %d, want %d", n, got, version)
			}
		}
	}
	for name, read := range map[string]func(uint8, []byte) (int, bool){"header length": wire.HeaderLen, "length": wire.Len} {
		if n, ok := read(5, packet6(t)); n != 0 || ok {
			t.Errorf("a version that is not known has a %s of %d, %v", name, n, ok)
		}
	}
	if ttl, ok := wire.TTL(5, packet6(t)); ttl != 0 || ok {
		t.Errorf("a version that is not known has a TTL of %d, %v", ttl, ok)
	}
}

func TestProtocols(t *testing.T) {
	var names []string
	for n := range 256 {
		p := wire.Protocol(n)
		if got, ok := wire.ProtocolNamed(p.String()); !ok || got != p {
			t.Errorf("%v is %d, %v, want %d", p, got, ok, n)
		}
		if c := p.String()[0]; c < '0' || c > '9' {
			names = append(names, p.String())
		}
	}
	if got := wire.ProtocolNames(); len(got) != len(names) || len(got) != 13 {
		t.Errorf("names %v, want %v", got, names)
	}
	for _, unknown := range []string{"", "6", "256", "TCP", "-1", "+0"} {
		if p, ok := wire.ProtocolNamed(unknown); p != 0 || ok {
			t.Errorf("%q is protocol %d, %v", unknown, p, ok)
		}
	}
}

// TestNumbers compares the numbers with gopacket's.
func TestNumbers(t *testing.T) {
	for ours, theirs := range map[wire.Protocol]layers.IPProtocol{
		wire.ProtoHopByHop: layers.IPProtocolIPv6HopByHop, wire.ProtoICMP: layers.IPProtocolICMPv4,
		wire.ProtoIPv4: layers.IPProtocolIPv4, wire.ProtoTCP: layers.IPProtocolTCP, wire.ProtoUDP: layers.IPProtocolUDP,
		wire.ProtoIPv6: layers.IPProtocolIPv6, wire.ProtoRouting: layers.IPProtocolIPv6Routing,
		wire.ProtoFragment: layers.IPProtocolIPv6Fragment, wire.ProtoGRE: layers.IPProtocolGRE,
		wire.ProtoESP: layers.IPProtocolESP, wire.ProtoAH: layers.IPProtocolAH, wire.ProtoICMPv6: layers.IPProtocolICMPv6,
		wire.ProtoNone: layers.IPProtocolNoNextHeader, wire.ProtoDestination: layers.IPProtocolIPv6Destination,
		wire.ProtoSCTP: layers.IPProtocolSCTP, wire.ProtoUDPLite: layers.IPProtocolUDPLite,
	} {
		if uint8(ours) != uint8(theirs) {
			t.Errorf("%v is %d, gopacket has %d", theirs, ours, theirs)
		}
	}
}

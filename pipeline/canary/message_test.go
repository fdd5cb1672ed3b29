package canary_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

func message(name string) canary.Message {
	return canary.Message{
		Name: name, Instance: 0x0102030405060708, Sequence: 7, Interval: 60 * time.Second,
		Addresses: []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("fd00::7")},
	}
}

// decoded returns an IP packet as the engine sees it.
func decoded(ip []byte) pipeline.Packet {
	p := pipeline.NewPacket(ip, linklayer.Raw, time.Unix(1, 0))
	p.Decode()
	return p
}

// payload returns what follows the quoted IP header.
func payload(t *testing.T, ip []byte) []byte {
	t.Helper()
	p := decoded(ip)
	b, ok := canary.Payload(p.Quote())
	if !ok {
		t.Fatalf("no canary: %x", ip)
	}
	return b
}

// documentation are the prefixes that no host has (RFC 5737, RFC 3849).
var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32"),
}

func isDocumentation(a netip.Addr) bool {
	for _, p := range documentation {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// TestForm checks that the packets are sound PTBs that nobody acts on.
func TestForm(t *testing.T) {
	m := message(strings.Repeat("x", canary.MaxName))
	for range canary.MaxAddresses {
		m.Addresses = append(m.Addresses, netip.MustParseAddr("fd00::8"))
	}
	for name, tc := range map[string]struct {
		packet []byte
		ptb    uint8
		most   int // bytes that each host must take
		first  gopacket.LayerType
	}{
		"IPv4": {m.IPv4(), 4, 576, layers.LayerTypeIPv4},
		"IPv6": {m.IPv6(), 6, 1280, layers.LayerTypeIPv6},
	} {
		t.Run(name, func(t *testing.T) {
			if len(tc.packet) > tc.most {
				t.Errorf("%d bytes", len(tc.packet))
			}
			p := decoded(tc.packet)
			mtu, ok := p.MTU()
			q, quotes := p.Quoted()
			if p.PTB != tc.ptb || mtu != 0 || !ok || !quotes || q.Protocol != canary.Protocol {
				t.Errorf("PTB %d, MTU %d, quotes %+v", p.PTB, mtu, q)
			}
			for _, a := range []netip.Addr{p.Router(), p.Target(), q.Src, q.Dst} {
				if !isDocumentation(a) {
					t.Errorf("%v may be somebody's", a)
				}
			}
			if p.Target() != q.Src || p.IP().Len() != len(tc.packet) || q.Length != len(p.Quote()) || p.IP().TTL() != 64 || q.TTL != 64 {
				t.Errorf("target %v, length %d, quotes %+v", p.Target(), p.IP().Len(), q)
			}
			sound(t, tc.packet, tc.first)
		})
	}
}

// sound checks lengths and checksums by gopacket.
func sound(t *testing.T, packet []byte, first gopacket.LayerType) {
	t.Helper()
	layered := gopacket.NewPacket(packet, first, gopacket.Default)
	if e := layered.ErrorLayer(); e != nil {
		t.Error(e.Error())
	}
	p := decoded(packet)
	icmp := packet[p.ICMP:]
	sum := wire.Sum(0, icmp)
	if p.PTB == 6 {
		sum = p.IP().ICMPSum(icmp)
	} else if wire.Checksum(wire.Sum(0, packet[:wire.IPv4Len])) != 0 {
		t.Error("wrong checksum of the IPv4 header")
	}
	if wire.Checksum(sum) != 0 {
		t.Error("wrong ICMP checksum")
	}
	if quote := p.Quote(); wire.Version(quote) == 4 && wire.Checksum(wire.Sum(0, quote[:wire.IPv4Len])) != 0 {
		t.Error("wrong checksum of the quoted header")
	}
}

// TestNoCanary changes one thing at a time.
func TestNoCanary(t *testing.T) {
	quote := func(ip []byte) []byte {
		p := decoded(ip)
		return p.Quote()
	}
	for name, tc := range map[string]struct {
		quote  []byte
		change func(quote []byte) []byte
	}{
		"nothing":             {nil, nil},
		"IPv4, TCP":           {quote(message("a").IPv4()), func(b []byte) []byte { b[9] = 6; return b }},
		"IPv4, longer header": {quote(message("a").IPv4()), func(b []byte) []byte { b[0] = 0x46; return b }},
		"IPv4, no header":     {quote(message("a").IPv4()), func(b []byte) []byte { b[0] = 0x40; return b }},
		"IPv4, cut":           {quote(message("a").IPv4()), func(b []byte) []byte { return b[:20+11] }},
		"IPv4, header alone":  {quote(message("a").IPv4()), func(b []byte) []byte { return b[:19] }},
		"IPv4, other magic":   {quote(message("a").IPv4()), func(b []byte) []byte { b[31] ^= 1; return b }},
		"IPv6, TCP":           {quote(message("a").IPv6()), func(b []byte) []byte { b[6] = 6; return b }},
		"IPv6, cut":           {quote(message("a").IPv6()), func(b []byte) []byte { return b[:40+11] }},
		"IPv6, header cut":    {quote(message("a").IPv6()), func(b []byte) []byte { return b[:39] }},
		"IPv6, other magic":   {quote(message("a").IPv6()), func(b []byte) []byte { b[40] ^= 1; return b }},
		"neither":             {quote(message("a").IPv6()), func(b []byte) []byte { b[0] = 0x50; return b }},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.change != nil {
				tc.quote = tc.change(tc.quote)
			}
			if _, ok := canary.Payload(tc.quote); ok {
				t.Error("it is taken for a canary")
			}
		})
	}
}

// TestShortest takes a quote that ends with the magic for a canary, and one that lacks a byte for none. What
// follows is the Ear's to judge.
func TestShortest(t *testing.T) {
	for name, tc := range map[string]struct {
		ip     []byte
		header int
	}{"IPv4": {message("a").IPv4(), 20}, "IPv6": {message("a").IPv6(), 40}} {
		p := decoded(tc.ip)
		quote := p.Quote()
		for n := range tc.header + len(canary.Magic) + 1 {
			_, ok := canary.Payload(quote[:n:n])
			if want := n == tc.header+len(canary.Magic); ok != want {
				t.Errorf("%s, %d bytes: %v", name, n, ok)
			}
		}
	}
	options := append([]byte{0x46, 9: canary.Protocol, 23: 0}, canary.Magic...)
	if _, ok := canary.Payload(options); !ok {
		t.Error("a canary behind IPv4 options is none")
	}
}

// TestEveryLength has an Ear take a payload that is cut anywhere, without reading beyond.
func TestEveryLength(t *testing.T) {
	long := message(strings.Repeat("x", canary.MaxName))
	for len(long.Addresses) < canary.MaxAddresses {
		long.Addresses = append(long.Addresses, netip.MustParseAddr("10.9.8.7"))
	}
	bare := message("a")
	bare.Addresses = nil
	for name, m := range map[string]canary.Message{"long": long, "bare": bare} {
		whole := payload(t, m.IPv6())
		for n := range len(whole) + 1 {
			e := canary.NewEar()
			e.Hear(whole[:n:n], "relay", 1)
			e.Hear(whole[:n:n], "relay", 2)
			r := e.Report(time.Unix(0, 2))
			if got, want := len(r.Peers) == 1, n == len(whole); got != want {
				t.Errorf("%s, %d of %d bytes: heard %v", name, n, len(whole), got)
			}
		}
		e := canary.NewEar()
		e.Hear(whole, "relay", 1)
		e.Hear(whole, "relay", 2)
		p := e.Report(time.Unix(0, 2)).Peers[0]
		if p.Name != m.Name || !slices.Equal(p.Addresses, m.Addresses) {
			t.Errorf("%s: heard %+v", name, p)
		}
	}
	m := message(strings.Repeat("y", canary.MaxName+1))
	m.Addresses = append(long.Addresses, long.Addresses...)
	e := canary.NewEar()
	for range 2 {
		e.Hear(payload(t, m.IPv4()), "relay", 1)
	}
	if r := e.Report(time.Unix(0, 1)); len(r.Peers) != 1 || len(r.Peers[0].Name) != canary.MaxName || len(r.Peers[0].Addresses) != canary.MaxAddresses {
		t.Errorf("what is too long is not cut: %+v", r)
	}
}

// TestMalformed has an Ear count payloads that lie.
func TestMalformed(t *testing.T) {
	whole := payload(t, message("web1").IPv4())
	set := func(at int, bytes ...byte) []byte {
		b := append([]byte(nil), whole...)
		copy(b[at:], bytes)
		return b
	}
	interval := func(d time.Duration) []byte {
		return set(32, binary.BigEndian.AppendUint32(nil, uint32(d.Milliseconds()))...)
	}
	for name, tc := range map[string]struct {
		payload []byte
		good    bool
	}{
		"good":                   {whole, true},
		"with more behind":       {append(set(0), 1, 2, 3), true},
		"shortest interval":      {interval(time.Second), true},
		"longest interval":       {interval(time.Hour), true},
		"another version":        {set(12, 2), false},
		"no name":                {set(13, 0), false},
		"name longer than it is": {set(13, 60), false},
		"name too long":          {slices.Concat(set(13, 64)[:36], bytes.Repeat([]byte{'x'}, 64), whole[40:]), false},
		"longest name":           {slices.Concat(set(13, 63)[:36], bytes.Repeat([]byte{'x'}, 63), whole[40:]), true},
		"name of a tag":          {set(36, '<'), false},
		"name with a space":      {set(36, ' '), false},
		"name with a high byte":  {set(36, 0xe4), false},
		"too many addresses":     {append(set(14, 13)[:40], bytes.Repeat([]byte{4, 10, 0, 0, 1}, 13)...), false},
		"most addresses":         {append(set(14, 12)[:40], bytes.Repeat([]byte{4, 10, 0, 0, 1}, 12)...), true},
		"an address too many":    {set(14, 3), false},
		"address of no family":   {set(40, 5), false},
		"one of no family":       {append(set(14, 1, 0)[:40], bytes.Repeat([]byte{5}, 17)...), false},
		"address cut":            {whole[:len(whole)-1], false},
		"interval too short":     {interval(time.Second - time.Millisecond), false},
		"interval too long":      {interval(time.Hour + time.Millisecond), false},
		"cut":                    {whole[:35], false},
	} {
		t.Run(name, func(t *testing.T) {
			e := canary.NewEar()
			e.Hear(tc.payload, "broadcast", 1)
			e.Hear(tc.payload, "broadcast", 2)
			r := e.Report(time.Unix(0, 2))
			if got := len(r.Peers) == 1 && r.Malformed == 0; got != tc.good || !tc.good && r.Malformed != 2 {
				t.Errorf("good %v, report %+v", got, r)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"web1": true, "A.b-c_9": true, "azAZ09": true, strings.Repeat("x", 63): true,
		"": false, strings.Repeat("x", 64): false, "a b": false, "a\n": false, "ä": false, "@": false, "[": false, "`": false, "{": false, "/": false, ":": false,
	} {
		if err := canary.CheckName(name); (err == nil) != good || err != nil && !strings.Contains(err.Error(), "is not 1 to 63 letters") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// FuzzHear feeds quotes to an Ear.
func FuzzHear(f *testing.F) {
	for _, ip := range [][]byte{message("web1").IPv4(), message("web1").IPv6()} {
		p := decoded(ip)
		f.Add(p.Quote())
	}
	f.Fuzz(func(t *testing.T, quote []byte) {
		e := canary.NewEar()
		b, ok := canary.Payload(quote)
		if !ok {
			return
		}
		e.Hear(b, "broadcast", 1)
		e.Hear(b, "broadcast", 2)
		for _, p := range e.Report(time.Unix(0, 2)).Peers {
			if canary.CheckName(p.Name) != nil || len(p.Addresses) > canary.MaxAddresses {
				t.Errorf("peer %+v", p)
			}
		}
	})
}

package key_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func extractor(t testing.TB, list string) *key.Extractor {
	t.Helper()
	e, err := key.New("key", fields(t, list), key.DefaultPrefixes())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// combinations returns an extractor of every set of fields that makes sense, by
// the fields, with prefixes of 12 and 68 bits.
func combinations(t testing.TB) map[string]*key.Extractor {
	t.Helper()
	all := map[string]*key.Extractor{}
	for set := range 1 << 7 {
		var fs key.Fields
		for f := key.Router; f <= key.Flow; f++ {
			if set>>(f-key.Router)&1 == 1 {
				fs = append(fs, f)
			}
		}
		if e, err := key.New("key", fs, key.Prefixes{PrefixV4: 12, PrefixV6: 68}); err == nil {
			all[fs.String()] = e
		}
	}
	if want := 3*2*2*3 - 1 + 3*2*2; len(all) != want { // without flow, and with it
		t.Fatalf("%d combinations, want %d", len(all), want)
	}
	return all
}

// plain is a field as package pipeline decodes it.
type plain struct {
	addr     netip.Addr
	prefix   netip.Prefix
	number   uint32
	src, dst netip.AddrPort
}

// plainField returns the value of a field, in the simplest way.
func plainField(f key.Field, p *pipeline.Packet) (v plain) {
	q, _ := p.Quoted()
	prefix := func(a netip.Addr) plain {
		bits := 68
		if a.Is4() {
			bits = 12
		}
		prefix, _ := a.Prefix(bits)
		return plain{prefix: prefix}
	}
	switch f {
	case key.Router:
		v.addr = p.Router()
	case key.RouterPrefix:
		v = prefix(p.Router())
	case key.Client:
		v.addr = q.Dst
	case key.ClientPrefix:
		v = prefix(q.Dst)
	case key.Target:
		v.addr = p.Target()
	case key.MTU:
		v.number, _ = p.MTU()
	case key.Flow:
		v.number = uint32(q.Protocol)
		v.src, v.dst = netip.AddrPortFrom(q.Src, q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort)
	}
	return v
}

// TestKeysAreEqualWhenFieldsAre compares keys with the values of all fields, for
// every combination of fields and packets of all kinds.
func TestKeysAreEqualWhenFieldsAre(t *testing.T) {
	packets := append(neighbours(), crossed()...)
	for i, p := range pipelinetest.Packets() {
		if i%7 == 0 { // for every combination, all would take a minute with the race detector
			packets = append(packets, p)
		}
	}
	for name, e := range combinations(t) {
		fs := fields(t, strings.ReplaceAll(name, " ", ""))
		keys := map[[7]plain]key.Key{}
		values := map[key.Key][7]plain{}
		for i := range packets {
			p := packets[i]
			p.Data = slices.Clip(p.Data) // an access behind the end panics
			p.Decode()
			var value [7]plain
			for _, f := range fs {
				value[f-key.Router] = plainField(f, &p)
			}
			k := e.Key(&p)
			if other, ok := keys[value]; ok && other != k {
				t.Fatalf("%s: packet %d: two keys of %+v", name, i, value)
			}
			if other, ok := values[k]; ok && other != value {
				t.Fatalf("%s: packet %d: %+v has the key of %+v", name, i, value, other)
			}
			keys[value], values[k] = k, value
		}
		if len(keys) < 4 {
			t.Errorf("%s: only %d different keys", name, len(keys))
		}
	}
}

// neighbours returns messages that differ a little: addresses of both versions
// with the same bytes, neighbours in and beside a prefix, MTUs, ports.
func neighbours() (packets []pipeline.Packet) {
	addrs := []string{
		"203.0.113.1", "203.0.113.2", "203.0.112.1", "0.0.0.0",
		"::", "::cb00:7101", "cb00:7101::", "::ffff:203.0.113.1",
		"2001:db8::1", "2001:db8::2", "2001:db8:0:0:1000::1", "2001:db8:0:0:800::1", "2001:db8:0:1::1",
	}
	for _, router := range addrs {
		for _, client := range addrs {
			r, c := netip.MustParseAddr(router), netip.MustParseAddr(client)
			if r.Is4() != c.Is4() {
				continue
			}
			for _, m := range []pipelinetest.PTB{
				{}, {MTU: 1401}, {MTU: 1400 + 1<<8}, {SrcPort: 80}, {DstPort: 443, SrcPort: 40000}, {Target: r},
			} {
				m.Router, m.Client = r, c
				packets = append(packets, m.Packet(pipelinetest.Begin))
			}
		}
	}
	return packets
}

// crossed returns messages whose keys are equal to those of a neighbour if what is no
// address shares factors or places with an address: a quote of the other IP version, and
// none.
func crossed() []pipeline.Packet {
	const before4, before6 = 14 + 20 + 8, 14 + 40 + 8 // the quote
	quotes6 := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	v6 := pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1"), Client: netip.MustParseAddr("::cb00:7101")}
	quotes6.Data = append(quotes6.Data[:before4], v6.Frame()[before6:]...)
	quotesNothing := pipelinetest.PTB{Router: netip.MustParseAddr("203.0.177.1")}.Packet(pipelinetest.Begin)
	quotesNothing.Data = quotesNothing.Data[:before4]
	return []pipeline.Packet{quotes6, quotesNothing}
}

// TestExactKeys compares the keys of two extractors. Exact ones hold no secret, so they are
// equal.
func TestExactKeys(t *testing.T) {
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Decode()
	for list, exact := range map[string]bool{
		"router": true, "router-prefix": true, "client": true, "client-prefix": true, "target": true,
		"mtu": true, "router,mtu": true, "mtu,client-prefix": true,
		"router,client": false, "target,mtu,router-prefix": false, "flow": false, "mtu,flow": false,
	} {
		one, other := extractor(t, list).Key(&p), extractor(t, list).Key(&p)
		if same := one == other; same != exact {
			t.Errorf("%s: exact: %v", list, same)
		}
	}
}

// TestPrefixes changes one bit after the other of an address: the key is another one
// if the bit is in the prefix.
func TestPrefixes(t *testing.T) {
	for bits := 1; bits <= 128; bits++ {
		e, err := key.New("key", key.Fields{key.RouterPrefix}, key.Prefixes{PrefixV4: min(bits, 32), PrefixV6: bits})
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range [][]byte{
			{0: 0x45, 12: 203, 13: 0, 14: 113, 15: 1, 19: 0},
			{0: 0x60, 8: 0x20, 9: 0x01, 10: 0x0d, 11: 0xb8, 23: 1, 39: 0},
		} {
			at, length, prefix := 8, 128, bits
			if header[0] == 0x45 {
				at, length, prefix = 12, 32, min(bits, 32)
			}
			before := keyOfHeader(e, header)
			for bit := range length {
				changed := slices.Clone(header)
				changed[at+bit/8] ^= 0x80 >> (bit % 8)
				if same := keyOfHeader(e, changed) == before; same != (bit >= prefix) {
					t.Errorf("bit %d of %d, prefix of %d: the same key: %v", bit, length, prefix, same)
				}
			}
		}
	}
}

func keyOfHeader(e *key.Extractor, ip []byte) key.Key {
	p := pipeline.Packet{Data: ip, Length: len(ip), LinkType: linklayer.Raw}
	p.Decode()
	return e.Key(&p)
}

func TestKeyAllocatesNothing(t *testing.T) {
	packets := neighbours()
	for i := range packets {
		packets[i].Decode()
	}
	for name, e := range combinations(t) {
		if n := testing.AllocsPerRun(10, func() {
			for i := range packets {
				e.Key(&packets[i])
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestDescribe(t *testing.T) {
	v4 := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	v6 := pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}.Packet(pipelinetest.Begin)
	esp := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	esp.Data[14+20+8+9] = 50
	for _, tc := range []struct {
		fields string
		packet pipeline.Packet
		want   string
	}{
		{"router,mtu", v4, "router 203.0.113.1, mtu 1400"},
		{"router-prefix,client-prefix", v4, "router-prefix 203.0.113.0/24, client-prefix 198.51.100.0/24"},
		{"router-prefix,client-prefix", v6, "router-prefix 2001:db8:f::/64, client-prefix 2001:db8:c::/64"},
		{"client,target", v6, "client 2001:db8:c::7, target 2001:db8::1"},
		{"flow", v4, "flow protocol 6 192.0.2.1:443 to 198.51.100.7:40000"},
		{"flow", v6, "flow protocol 6 [2001:db8::1]:443 to [2001:db8:c::7]:40000"},
		{"flow", esp, "flow protocol 50 192.0.2.1 to 198.51.100.7"},
		{"router,client,target,mtu", pipeline.Packet{}, "router none, client none, target none, mtu none"},
		{"router-prefix,client-prefix", pipeline.Packet{}, "router-prefix none, client-prefix none"},
		{"flow", pipeline.Packet{}, "flow none"},
	} {
		p := tc.packet
		p.Decode()
		if got := extractor(t, tc.fields).Describe(&p); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	p := pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}.Packet(pipelinetest.Begin)
	p.Decode()
	for _, list := range []string{"router", "router-prefix", "client", "client,mtu", "router,client", "flow,mtu", "router,target,mtu,flow"} {
		b.Run(list, func(b *testing.B) {
			e := extractor(b, list)
			b.ReportAllocs()
			for b.Loop() {
				e.Key(&p)
			}
		})
	}
}

package prefixset_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/pipeline/prefixset"
)

// TestSet compares a set with a list that is searched.
func TestSet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var prefixes []prefixset.Prefix
	for range 60 {
		addr := randomAddr(random)
		prefixes = append(prefixes, prefixset.Prefix{Prefix: netip.PrefixFrom(addr, addr.BitLen()-random.IntN(5))})
	}
	set := prefixset.New(prefixes)
	in := 0
	for range 10000 {
		addr := randomAddr(random)
		want := false
		for _, p := range prefixes {
			want = want || p.Contains(addr)
		}
		if got := set.Has(addr); got != want {
			t.Fatalf("%v: %v, want %v", addr, got, want)
		}
		if want {
			in++
		}
	}
	if in < 1000 || in > 9000 {
		t.Errorf("%d of 10000 addresses are in the set: the test says little", in)
	}
}

// randomAddr returns one of 512 addresses.
func randomAddr(random *rand.Rand) netip.Addr {
	low := byte(random.Uint32())
	if random.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte{192, 0, 2, low})
	}
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: low})
}

// TestSame has prefixes of both families with the same number of bits.
func TestSame(t *testing.T) {
	for name, texts := range map[string][]string{
		"IPv4 first": {"192.0.0.0/16", "2001::/16", "198.51.0.0/16", "3fff::/16"},
		"IPv6 first": {"3fff::/16", "2001::/16", "192.0.0.0/16", "198.51.0.0/16"},
	} {
		t.Run(name, func(t *testing.T) {
			var prefixes []prefixset.Prefix
			for _, text := range texts {
				prefixes = append(prefixes, prefixset.Prefix{Prefix: netip.MustParsePrefix(text)})
			}
			set := prefixset.New(prefixes)
			for text, want := range map[string]bool{
				"192.0.2.1": true, "198.51.100.1": true, "203.0.113.1": false,
				"2001:db8::1": true, "3fff::1": true, "2002:db8::1": false, "c000::1": false,
			} {
				if got := set.Has(netip.MustParseAddr(text)); got != want {
					t.Errorf("%s: %v, want %v", text, got, want)
				}
			}
		})
	}
}

// TestAllAddresses has the prefixes of all addresses, in which there is one that is none.
func TestAllAddresses(t *testing.T) {
	set := prefixset.New([]prefixset.Prefix{
		{Prefix: netip.MustParsePrefix("0.0.0.0/0")}, {Prefix: netip.MustParsePrefix("::/0")},
	})
	for addr, want := range map[netip.Addr]bool{
		{}: false, netip.IPv4Unspecified(): true, netip.IPv6Unspecified(): true,
		netip.MustParseAddr("192.0.2.1"): true, netip.MustParseAddr("2001:db8::1"): true,
	} {
		if got := set.Has(addr); got != want {
			t.Errorf("%v: %v, want %v", addr, got, want)
		}
	}
}

// TestSetOfMany wants prefixes of one length to share what a look up costs.
func TestSetOfMany(t *testing.T) {
	for _, family := range []func(i byte) netip.Addr{
		func(i byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, i}) },
		func(i byte) netip.Addr { return netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 15: i}) },
	} {
		var prefixes []prefixset.Prefix
		for i := range 200 {
			prefixes = append(prefixes, prefixset.Single(family(byte(i))))
		}
		if n := testing.AllocsPerRun(1, func() { prefixset.New(prefixes) }); n >= 100 {
			t.Errorf("a set of %d addresses takes %v allocations: each has a place of its own", len(prefixes), n)
		}
	}
}

func TestEmptySet(t *testing.T) {
	set := prefixset.New(nil)
	if set != nil || set.Has(netip.MustParseAddr("192.0.2.1")) || set.Has(netip.Addr{}) {
		t.Error("the empty set has an address")
	}
}

func TestSingle(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1":        "192.0.2.1/32",
		"2001:db8::1":      "2001:db8::1/128",
		"::ffff:192.0.2.1": "192.0.2.1/32",
	} {
		if got := prefixset.Single(netip.MustParseAddr(text)).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestHasAllocatesNothing(t *testing.T) {
	set := prefixset.New([]prefixset.Prefix{
		{Prefix: netip.MustParsePrefix("192.0.2.0/24")}, {Prefix: netip.MustParsePrefix("2001:db8::/32")},
	})
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	if n := testing.AllocsPerRun(100, func() {
		if !set.Has(v4) || !set.Has(v6) {
			t.Error("an address is missing")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package peerlist_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

func TestAddress(t *testing.T) {
	ip := func(s string) peerlist.Address { return peerlist.Address{IP: netip.MustParseAddr(s)} }
	named := func(s string) peerlist.Address { return peerlist.Address{Name: s} }
	for _, tc := range []struct {
		text string
		want peerlist.Address
		err  string // a part of it
	}{
		{"192.0.2.2", ip("192.0.2.2"), ""},
		{"2001:DB8:0::2", ip("2001:db8::2"), ""},
		{"::ffff:192.0.2.2", ip("192.0.2.2"), ""},
		{"169.254.1.1", ip("169.254.1.1"), ""},
		{"127.0.0.1", ip("127.0.0.1"), ""},
		{"223.255.255.255", ip("223.255.255.255"), ""},
		{"255.255.255.254", ip("255.255.255.254"), ""},
		{"B.example.", named("b.example."), ""},
		{"b", named("b"), ""},
		{"my_host-2.example", named("my_host-2.example"), ""},
		{"3com.example", named("3com.example"), ""},
		{strings.Repeat("a", 63) + ".b", named(strings.Repeat("a", 63) + ".b"), ""},
		{"", peerlist.Address{}, "neither"},
		{" 192.0.2.2", peerlist.Address{}, "neither"},
		{"192.0.2", peerlist.Address{}, "neither"},
		{"192.0.2.256", peerlist.Address{}, "neither"},
		{"192.0.2.0/24", peerlist.Address{}, "neither"},
		{"192.0.2.2:80", peerlist.Address{}, "neither"},
		{"192.0.2.2,192.0.2.3", peerlist.Address{}, "neither"},
		{"2001:db8::/32", peerlist.Address{}, "neither"},
		{"[2001:db8::2]", peerlist.Address{}, "neither"},
		{"http://b.example/", peerlist.Address{}, "neither"},
		{"-b.example", peerlist.Address{}, "neither"},
		{"b-.example", peerlist.Address{}, "neither"},
		{"b-2.example", named("b-2.example"), ""},
		{"azAZ09.example", named("azaz09.example"), ""},
		{"example.123", peerlist.Address{}, "neither"},
		{"b/example", peerlist.Address{}, "neither"},
		{"b@example", peerlist.Address{}, "neither"},
		{"b[example", peerlist.Address{}, "neither"},
		{"b`example", peerlist.Address{}, "neither"},
		{"b{example", peerlist.Address{}, "neither"},
		{"b..example", peerlist.Address{}, "neither"},
		{".", peerlist.Address{}, "neither"},
		{"bücher.example", peerlist.Address{}, "neither"},
		{strings.Repeat("a", 64) + ".b", peerlist.Address{}, "neither"},
		{strings.Repeat("a.", 127), peerlist.Address{}, ""},
		{strings.Repeat("a.", 126) + "aa", peerlist.Address{}, "neither"},
		{strings.Repeat("a.", 128), peerlist.Address{}, "neither"},
		{"0.0.0.0", peerlist.Address{}, "stands for no host"},
		{"::", peerlist.Address{}, "stands for no host"},
		{"224.0.0.1", peerlist.Address{}, "is a multicast address"},
		{"ff02::1", peerlist.Address{}, "is a multicast address"},
		{"255.255.255.255", peerlist.Address{}, "is the broadcast address"},
		{"fe80::2", peerlist.Address{}, "is link-local and needs an interface such as fe80::2%eth0"},
		{"fe80::2%eth0", ip("fe80::2%eth0"), ""},
		{"FE80::2%eth0.100", ip("fe80::2%eth0.100"), ""},
		{"fe80::2%", peerlist.Address{}, "neither"},
		{"fe80::2%a/b", peerlist.Address{}, "not the name of an interface"},
		{"fe80::2%interface-0123456", peerlist.Address{}, "not the name of an interface"},
		{"2001:db8::2%eth0", peerlist.Address{}, "which only link-local addresses have"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			var got peerlist.Address
			err := got.UnmarshalText([]byte(tc.text))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) || !strings.Contains(err.Error(), `"`+tc.text+`"`) {
					t.Fatalf("error %v, want one with %q that quotes the text", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tc.want != (peerlist.Address{}) && got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			var again peerlist.Address
			text, _ := got.MarshalText()
			if err := again.UnmarshalText(text); err != nil || again != got {
				t.Errorf("%q is read as %v, %v", text, again, err)
			}
		})
	}
}

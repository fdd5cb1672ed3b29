package canary_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/canary"
)

// TestBytes compares whole packets, for other versions and programs rely on the format. Hex digits are in groups as the
// headers are.
func TestBytes(t *testing.T) {
	m := canary.Message{
		Name: "web1", Instance: 0x0102030405060708, Sequence: 0x1112131415161718, Interval: 90 * time.Second,
		Addresses: []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("fd00::7"), netip.MustParseAddr("::ffff:10.1.2.4")},
	}
	const payload = "706d7475642063616e617279 01 04 03 00 0102030405060708 1112131415161718 00015f90 77656231" +
		"04 0a010203 06 fd000000000000000000000000000007 04 0a010204"
	for name, tc := range map[string]struct {
		got  []byte
		want string
	}{
		"IPv4": {
			m.IPv4(), "45000073 00000000 4001 8c5c c00002fd c63364fd" + "0304 c401 0000 0000" +
				"45000057 00000000 40fd 117c c63364fd cb0071fd" + payload,
		},
		"IPv6": {
			m.IPv6(), "60000000 0073 3a 40 20010db80000000000000000000000fd 20010db80001000000000000000000fd" + "0200 abf7 00000000" +
				"60000000 0043 fd 40 20010db80001000000000000000000fd 20010db80002000000000000000000fd" + payload,
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := strings.ReplaceAll(tc.want, " ", "")
			if got := hex.EncodeToString(tc.got); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

package netns_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestTunnel(t *testing.T) {
	for _, tc := range []struct {
		kind     netns.TunnelKind
		families string
	}{{netns.GRE, "46"}, {netns.IPIP, "4"}, {netns.SIT, "6"}, {netns.WireGuard, "46"}} {
		t.Run(string(tc.kind), func(t *testing.T) {
			a, b := netns.NewTest(t, "a"), netns.NewTest(t, "b")
			netns.Must(t, netns.Veth(a, "eth0", b, "eth0"), a.Addr("eth0", "192.0.2.1/24"), b.Addr("eth0", "192.0.2.2/24"))
			err := netns.Tunnel(tc.kind,
				netns.TunnelEnd{NS: a, Device: "tunnel", Carrier: netip.MustParseAddr("192.0.2.1")},
				netns.TunnelEnd{NS: b, Device: "tunnel", Carrier: netip.MustParseAddr("192.0.2.2")})
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip("this kernel has none: ", err)
			}
			netns.Must(t, err,
				a.Addr("tunnel", "198.51.100.1/24", "2001:db8::1/64"), b.Addr("tunnel", "198.51.100.2/24", "2001:db8::2/64"))
			for _, family := range tc.families {
				network, server := "tcp4", "198.51.100.1:80"
				if family == '6' {
					network, server = "tcp6", "[2001:db8::1]:80"
				}
				greet(t, a, network, server)
				if got := greeting(t, b, network, "", server); got != "a" {
					t.Errorf("server says %q, want %q", got, "a")
				}
			}
		})
	}
	a := netns.NewTest(t, "a")
	end := netns.TunnelEnd{NS: a, Device: "tunnel", Carrier: netip.MustParseAddr("192.0.2.1")}
	if err := netns.Tunnel("vxlan", end, end); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error %v of another kind of tunnel", err)
	}
}

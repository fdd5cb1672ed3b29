package netns_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// greet serves every connection to the address with the namespace's name, until
// the test ends.
func greet(t *testing.T, ns *netns.NS, network, address string) {
	t.Helper()
	l, err := ns.Listen(network, address)
	netns.Must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, ns.Name)
			c.Close()
		}
	}()
}

// greeting connects and returns what the server says.
func greeting(t *testing.T, ns *netns.NS, network, from, to string) string {
	t.Helper()
	c, err := ns.Dial(t.Context(), network, from, to)
	netns.Must(t, err)
	defer c.Close()
	said, err := io.ReadAll(c)
	netns.Must(t, err)
	return string(said)
}

func TestVethCarriesBothFamiliesAtOnce(t *testing.T) {
	a, b := netns.NewTest(t, "a"), netns.NewTest(t, "b")
	netns.Must(t,
		netns.Veth(a, "eth0", b, "eth0"),
		a.Addr("eth0", "192.0.2.1/24", "2001:db8::1/64"),
		b.Addr("eth0", "192.0.2.2/24", "2001:db8::2/64"),
	)
	for _, tc := range []struct{ network, server, client string }{
		{"tcp4", "192.0.2.1:80", "192.0.2.2:4000"},
		{"tcp6", "[2001:db8::1]:80", "[2001:db8::2]:4000"},
	} {
		t.Run(tc.network, func(t *testing.T) {
			greet(t, a, tc.network, tc.server)
			if got := greeting(t, b, tc.network, tc.client, tc.server); got != "a" {
				t.Errorf("server says %q, want %q", got, "a")
			}
		})
	}
}

func TestBridgeJoinsItsPorts(t *testing.T) {
	lan, a, b := netns.NewTest(t, "lan"), netns.NewTest(t, "a"), netns.NewTest(t, "b")
	netns.Must(t,
		netns.Veth(a, "eth0", lan, "a"),
		netns.Veth(b, "eth0", lan, "b"),
		lan.Bridge("br0", "a", "b"),
		a.Addr("eth0", "192.0.2.1/24"),
		b.Addr("eth0", "192.0.2.2/24"),
	)
	greet(t, a, "tcp4", "192.0.2.1:80")
	if got := greeting(t, b, "tcp4", "", "192.0.2.1:80"); got != "a" {
		t.Errorf("server says %q, want %q", got, "a")
	}
}

// TestMultipathRoute sends connections from many ports to one address that two
// servers have; both must get some.
func TestMultipathRoute(t *testing.T) {
	for _, tc := range []struct {
		network, policy, client, vip string
		router, gateways             []string
	}{
		{
			"tcp4", "net.ipv4.fib_multipath_hash_policy", "192.0.2.1/26", "203.0.113.80",
			[]string{"192.0.2.65/26", "192.0.2.129/26"},
			[]string{"192.0.2.66", "192.0.2.130"},
		},
		{
			"tcp6", "net.ipv6.fib_multipath_hash_policy", "2001:db8::1/64", "2001:db8:ff::80",
			[]string{"2001:db8:0:1::1/64", "2001:db8:0:2::1/64"},
			[]string{"2001:db8:0:1::2", "2001:db8:0:2::2"},
		},
	} {
		t.Run(tc.network, func(t *testing.T) {
			client := netns.NewTest(t, "client")
			netns.Must(t, client.Sysctl(tc.policy, "1"))
			address := net.JoinHostPort(tc.vip, "80")
			for i, gateway := range tc.gateways {
				server := netns.NewTest(t, fmt.Sprint("server", i))
				port := fmt.Sprint("eth", i)
				bits := tc.router[i][strings.Index(tc.router[i], "/"):]
				netns.Must(t,
					netns.Veth(client, port, server, "eth0"),
					client.Addr(port, tc.router[i]),
					server.Addr("eth0", gateway+bits),
					server.Addr("lo", hostPrefix(tc.vip)),
					server.Route(tc.client, strings.TrimSuffix(tc.router[i], bits)),
				)
				greet(t, server, tc.network, address)
			}
			netns.Must(t, client.Addr("lo", tc.client), client.Route(hostPrefix(tc.vip), tc.gateways...))

			from, _, _ := strings.Cut(tc.client, "/")
			seen := map[string]int{}
			for port := 4000; port < 4040; port++ {
				seen[greeting(t, client, tc.network, net.JoinHostPort(from, fmt.Sprint(port)), address)]++
			}
			if seen["server0"] == 0 || seen["server1"] == 0 || len(seen) != 2 {
				t.Errorf("connections by server: %v, want some on both", seen)
			}
			netns.Must(t, client.DelRoute(hostPrefix(tc.vip)))
			if _, err := client.Dial(context.Background(), tc.network, "", address); err == nil {
				t.Error("connected without the route")
			}
		})
	}
}

// hostPrefix is the prefix of the address alone.
func hostPrefix(address string) string {
	if strings.Contains(address, ":") {
		return address + "/128"
	}
	return address + "/32"
}

// TestNeighbor connects over an interface that answers no requests for its address.
func TestNeighbor(t *testing.T) {
	a, b := netns.NewTest(t, "a"), netns.NewTest(t, "b")
	netns.Must(t,
		netns.Veth(a, "eth0", b, "eth0"),
		a.Addr("eth0", "192.0.2.1/24"), b.Addr("eth0", "192.0.2.2/24"),
		a.Sysctl("net.ipv4.conf.eth0.arp_ignore", "8"), b.Sysctl("net.ipv4.conf.eth0.arp_ignore", "8"),
	)
	for _, to := range []struct {
		from, to *netns.NS
		addr     string
	}{{a, b, "192.0.2.2"}, {b, a, "192.0.2.1"}} {
		ifi, err := to.to.Interface("eth0")
		netns.Must(t, err, to.from.Neighbor("eth0", netip.MustParseAddr(to.addr), ifi.HardwareAddr))
	}
	greet(t, a, "tcp4", "192.0.2.1:80")
	if got := greeting(t, b, "tcp4", "", "192.0.2.1:80"); got != "a" {
		t.Errorf("server says %q, want %q", got, "a")
	}
}

func TestLinkChanges(t *testing.T) {
	ns := netns.NewTest(t, "a")
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 7}
	netns.Must(t,
		netns.Veth(ns, "eth0", ns, "eth1"),
		ns.SetMTU("eth0", 1400),
		ns.SetMAC("eth0", mac),
		ns.NoGSO("eth0"),
		ns.Addr("eth0", "192.0.2.1/24"),
		ns.DelAddr("eth0", "192.0.2.1/24"),
		ns.Down("eth0"),
	)
	ifi, err := ns.Interface("eth0")
	netns.Must(t, err)
	want := net.Interface{Index: ifi.Index, Name: "eth0", MTU: 1400, HardwareAddr: mac, Flags: net.FlagBroadcast | net.FlagMulticast}
	if diff := cmp.Diff(want, *ifi); diff != "" {
		t.Errorf("interface (-want +got):\n%s", diff)
	}
	netns.Must(t, ns.Delete("eth0"))
	for _, name := range []string{"eth0", "eth1"} {
		if _, err := ns.Interface(name); err == nil {
			t.Errorf("interface %s is still there", name)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	ns := netns.NewTest(t, "a")
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"no such interface", ns.Up("eth9"), "find interface eth9 in namespace a: Link not found"},
		{"no prefix length", ns.Addr("lo", "192.0.2.1"), `add address 192.0.2.1 on lo in namespace a: netip.ParsePrefix("192.0.2.1"): no '/'`},
		{"no gateway", ns.Route("0.0.0.0/0"), "add route to 0.0.0.0/0 via [] in namespace a: no gateway"},
		{"unreachable gateway", ns.Route("0.0.0.0/0", "192.0.2.1"), "add route to 0.0.0.0/0 via [192.0.2.1] in namespace a: network is unreachable"},
		{"host name", dialError(t, ns, "tcp4", "", "localhost:80"), "dial localhost:80 in namespace a: address is not numeric"},
		{"network", dialError(t, ns, "ip4", "192.0.2.1:1", "192.0.2.1:80"), "dial 192.0.2.1:80 in namespace a: unknown network ip4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.err == nil || tc.err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", tc.err, tc.want)
			}
		})
	}
}

func dialError(t *testing.T, ns *netns.NS, network, from, to string) error {
	_, err := ns.Dial(t.Context(), network, from, to)
	return err
}

func TestDatagrams(t *testing.T) {
	ns := netns.NewTest(t, "a")
	server, err := ns.ListenPacket("udp4", "127.0.0.1:53")
	netns.Must(t, err)
	defer server.Close()
	client, err := ns.Dial(t.Context(), "udp4", "127.0.0.1:5353", "127.0.0.1:53")
	netns.Must(t, err)
	defer client.Close()
	_, err = client.Write([]byte("question"))
	netns.Must(t, err)
	got := make([]byte, 100)
	n, from, err := server.ReadFrom(got)
	netns.Must(t, err)
	if string(got[:n]) != "question" || from.String() != "127.0.0.1:5353" {
		t.Errorf("got %q from %v", got[:n], from)
	}
}

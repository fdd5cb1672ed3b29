package nat_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/nat"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) { netns.Main(m) }

// TestPublish asks a service on a node, whose backend says who asks.
func TestPublish(t *testing.T) {
	for _, tc := range []struct {
		family, bits, service, client, node, inner, backend string
	}{
		{"4", "/30", "203.0.113.80", "192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"},
		{"6", "/64", "2001:db8:4::80", "2001:db8:1::1", "2001:db8:1::2", "2001:db8:5::1", "2001:db8:5::2"},
	} {
		for masquerade, want := range map[bool]string{false: tc.client, true: tc.inner} {
			t.Run(fmt.Sprintf("IPv%s, masquerade %v", tc.family, masquerade), func(t *testing.T) {
				client, node, backend := netns.NewTest(t, "client"), netns.NewTest(t, "node"), netns.NewTest(t, "backend")
				netns.Must(t,
					netns.Veth(client, "eth0", node, "eth0"),
					netns.Veth(backend, "eth0", node, "pod0"),
					client.Addr("eth0", tc.client+tc.bits),
					node.Addr("eth0", tc.node+tc.bits),
					node.Addr("pod0", tc.inner+tc.bits),
					backend.Addr("eth0", tc.backend+tc.bits),
					client.Route(anywhere[tc.family], tc.node),
					backend.Route(anywhere[tc.family], tc.inner),
					node.Sysctl(forwarding[tc.family], "1"),
					nat.Publish(node, nat.Service{
						Address:    netip.AddrPortFrom(netip.MustParseAddr(tc.service), 80),
						Backend:    netip.AddrPortFrom(netip.MustParseAddr(tc.backend), 8080),
						Masquerade: masquerade,
					}),
				)
				answer(t, backend, tc.family, net.JoinHostPort(tc.backend, "8080"))
				service := net.JoinHostPort(tc.service, "80")
				for _, protocol := range []string{"tcp", "udp"} {
					got, err := ask(t, client, protocol+tc.family, service, 10*time.Second)
					if host, _, _ := net.SplitHostPort(got); err != nil || host != want {
						t.Errorf("%s: the backend is asked by %q, %v; want %s", protocol, got, err, want)
					}
				}

				netns.Must(t, nat.OnlyFrom(node, "pod0", "pod0"))
				if got, err := ask(t, client, "udp"+tc.family, service, 100*time.Millisecond); err == nil {
					t.Errorf("what came by eth0 reached the backend, which is asked by %q", got)
				}
			})
		}
	}
}

var (
	anywhere   = map[string]string{"4": "0.0.0.0/0", "6": "::/0"}
	forwarding = map[string]string{"4": "net.ipv4.ip_forward", "6": "net.ipv6.conf.all.forwarding"}
)

// answer answers each TCP or UDP client with the client's address, until the test ends.
func answer(t *testing.T, ns *netns.NS, family, address string) {
	t.Helper()
	l, err := ns.Listen("tcp"+family, address)
	netns.Must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, c.RemoteAddr())
			c.Close()
		}
	}()
	p, err := ns.ListenPacket("udp"+family, address)
	netns.Must(t, err)
	t.Cleanup(func() { p.Close() })
	go func() {
		for question := make([]byte, 1); ; {
			_, from, err := p.ReadFrom(question)
			if err != nil {
				return
			}
			p.WriteTo([]byte(from.String()), from)
		}
	}()
}

// ask returns the answer, to an empty datagram if the network is one of datagrams.
func ask(t *testing.T, ns *netns.NS, network, address string, timeout time.Duration) (string, error) {
	t.Helper()
	c, err := ns.Dial(t.Context(), network, "", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	netns.Must(t, c.SetDeadline(time.Now().Add(timeout)))
	if !strings.HasPrefix(network, "udp") {
		said, err := io.ReadAll(c)
		return string(said), err
	}
	if _, err := c.Write(nil); err != nil {
		return "", err
	}
	said := make([]byte, 100)
	n, err := c.Read(said)
	return string(said[:n]), err
}

// TestPublishTwoFamilies wants what the kernel refuses to be named.
func TestPublishTwoFamilies(t *testing.T) {
	ns := netns.NewTest(t, "node")
	err := nat.Publish(ns, nat.Service{
		Address: netip.MustParseAddrPort("203.0.113.80:80"), Backend: netip.MustParseAddrPort("[2001:db8::1]:80"),
	})
	if err == nil || !strings.HasPrefix(err.Error(), "publish 203.0.113.80:80 in namespace node: ") {
		t.Errorf("error is %v", err)
	}
}

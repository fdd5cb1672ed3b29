package pathlab

import (
	"fmt"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Narrow is the MTU of the link between the routers.
const Narrow = 1400

// Addresses on a path.
const (
	Client4 = "192.0.2.2"
	Client6 = "2001:db8:1::2"
	First4  = "192.0.2.1" // the first router's side towards the client
	First6  = "2001:db8:1::1"
	Second4 = "198.51.100.2" // the second router's side towards the first
	Second6 = "2001:db8:2::2"
	Server4 = "203.0.113.2"
	Server6 = "2001:db8:3::2"
)

// Path is a client, two routers with a narrow link between them, and a server. Each has eth0
// towards the client and eth1 towards the server; the client and the server have eth0 alone.
type Path struct {
	Client, First, Second, Server *netns.NS
}

// New makes a path whose routers say what is too big.
func New(t *testing.T) *Path {
	t.Helper()
	p := &Path{
		netns.NewTest(t, "client"), netns.NewTest(t, "first"), netns.NewTest(t, "second"), netns.NewTest(t, "server"),
	}
	netns.Must(
		t,
		netns.Veth(p.Client, "eth0", p.First, "eth0"),
		netns.Veth(p.First, "eth1", p.Second, "eth0"),
		netns.Veth(p.Second, "eth1", p.Server, "eth0"),
		p.Client.Addr("eth0", Client4+"/24", Client6+"/64"),
		p.First.Addr("eth0", First4+"/24", First6+"/64"),
		p.First.Addr("eth1", "198.51.100.1/24", "2001:db8:2::1/64"),
		p.Second.Addr("eth0", Second4+"/24", Second6+"/64"),
		p.Second.Addr("eth1", "203.0.113.1/24", "2001:db8:3::1/64"),
		p.Server.Addr("eth0", Server4+"/24", Server6+"/64"),
		p.First.SetMTU("eth1", Narrow),
		p.Second.SetMTU("eth0", Narrow),
		// So that packets are on the wire as TCP has cut them.
		p.Client.NoGSO("eth0"), p.Server.NoGSO("eth0"),
	)
	for _, ns := range []*netns.NS{p.First, p.Second} {
		netns.Must(t, ns.Sysctl("net.ipv4.ip_forward", "1"), ns.Sysctl("net.ipv6.conf.all.forwarding", "1"))
	}
	netns.Must(
		t,
		p.Client.Route("0.0.0.0/0", First4), p.Client.Route("::/0", First6),
		p.First.Route("203.0.113.0/24", Second4), p.First.Route("2001:db8:3::/64", Second6),
		p.Second.Route("192.0.2.0/24", "198.51.100.1"), p.Second.Route("2001:db8:1::/64", "2001:db8:2::1"),
		p.Server.Route("0.0.0.0/0", "203.0.113.1"), p.Server.Route("::/0", "2001:db8:3::1"),
	)
	return p
}

// Serve has the server read what comes to a port, as a sink of data, until the test ends.
func (p *Path) Serve(t *testing.T, port int) {
	t.Helper()
	for network, address := range map[string]string{"tcp4": Server4, "tcp6": "[" + Server6 + "]"} {
		l, err := p.Server.Listen(network, fmt.Sprintf("%s:%d", address, port))
		netns.Must(t, err)
		drain(t, l)
	}
}

package peers_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/peers"
)

// lan is a network of namespaces on a bridge. The test process's own namespace is
// on it as 10.99.0.1 and fd99::1, so that a sink under test works as in a real
// process, its background look-ups too.
type lan struct {
	t      testing.TB
	bridge *netns.NS
}

const lanMTU = 9500

func newLAN(t testing.TB) *lan {
	t.Helper()
	l := &lan{t, netns.NewTest(t, "bridge")}
	netns.Must(t, l.bridge.Bridge("br0"), l.bridge.SetMTU("br0", lanMTU))
	homeVeth(t, l.bridge, "home")
	netns.Must(t, l.bridge.Plug("br0", "home"))
	return l
}

// homeVeth connects the process's own namespace, as eth0 with the LAN's addresses,
// to the named new interface of another one.
func homeVeth(t testing.TB, ns *netns.NS, name string) {
	t.Helper()
	if !netns.Inside() {
		// Never touch the machine's own interfaces.
		t.Skip("the process has no network namespace of its own")
	}
	own, err := os.Open("/proc/self/ns/net")
	netns.Must(t, err)
	defer own.Close()
	netns.Must(t,
		os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte("0"), 0),
		ns.Do(func() error {
			return netlink.LinkAdd(&netlink.Veth{
				LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "eth0", PeerNamespace: netlink.NsFd(own.Fd()),
			})
		}),
	)
	t.Cleanup(func() { netns.Must(t, netlink.LinkDel(home(t))) })
	netns.Must(t,
		ns.Up(name), ns.SetMTU(name, lanMTU),
		netlink.LinkSetUp(home(t)), netlink.LinkSetMTU(home(t), lanMTU),
	)
	homeAddr(t, "10.99.0.1/24")
	homeAddr(t, "fd99::1/64")
}

// home is eth0 of the process's own namespace.
func home(t testing.TB) netlink.Link {
	t.Helper()
	link, err := netlink.LinkByName("eth0")
	netns.Must(t, err)
	return link
}

// homeAddr gives the process's own namespace one more address.
func homeAddr(t testing.TB, prefix string) {
	t.Helper()
	addr, err := netlink.ParseAddr(prefix)
	netns.Must(t, err)
	if addr.IP.To4() == nil {
		addr.Flags = unix.IFA_F_NODAD
	}
	netns.Must(t, netlink.AddrAdd(home(t), addr))
}

// homeRoute adds a route to the process's own namespace.
func homeRoute(t testing.TB, prefix string, route netlink.Route) {
	t.Helper()
	dst, err := netlink.ParseIPNet(prefix)
	netns.Must(t, err)
	route.Dst = dst
	netns.Must(t, netlink.RouteReplace(&route))
	t.Cleanup(func() { _ = netlink.RouteDel(&route) }) // gone already with its interface
}

// host adds a namespace with addresses on the bridge.
func (l *lan) host(name string, prefixes ...string) *netns.NS {
	l.t.Helper()
	ns := netns.NewTest(l.t, name)
	netns.Must(l.t,
		netns.Veth(ns, "eth0", l.bridge, name),
		ns.SetMTU("eth0", lanMTU), l.bridge.SetMTU(name, lanMTU),
		l.bridge.Plug("br0", name),
		ns.Addr("eth0", prefixes...),
	)
	return ns
}

// addresses parses peers as a configuration would.
func addresses(t testing.TB, texts ...string) []peerlist.Address {
	t.Helper()
	out := make([]peerlist.Address, len(texts))
	for i, text := range texts {
		netns.Must(t, out[i].UnmarshalText([]byte(text)))
	}
	return out
}

// settings are the defaults with peers.
func settings(t testing.TB, texts ...string) *peers.Settings {
	t.Helper()
	s := peers.Plugin().NewSettings().(*peers.Settings)
	s.Addresses = addresses(t, texts...)
	return s
}

// open opens a sink, which the test's end closes.
func open(t testing.TB, s *peers.Settings, env pipeline.Env) *peers.Sink {
	t.Helper()
	built, err := peers.Plugin().Build(s, env)
	netns.Must(t, err)
	sink := built.(*peers.Sink)
	t.Cleanup(func() { netns.Must(t, sink.Close()) })
	netns.Must(t, sink.Open(context.Background()))
	return sink
}

// openFor opens a sink for the peers.
func openFor(t testing.TB, texts ...string) *peers.Sink {
	t.Helper()
	return open(t, settings(t, texts...), pipelinetest.Env(t))
}

// deliver gives the sink one packet and returns the name of the reason, or "".
func deliver(sink pipeline.Sink, p pipeline.Packet) string {
	p.Decode()
	p.Clock = p.Time
	failed := make([]pipeline.Reason, 1)
	sink.Deliver([]*pipeline.Packet{&p}, failed)
	if failed[0] == pipeline.Pass {
		return ""
	}
	return peers.Plugin().Reasons[failed[0]-1].Name
}

// ptb returns a message of the family with an MTU to know it by.
func ptb(ipv6 bool, mtu uint32) pipeline.Packet {
	m := pipelinetest.PTB{MTU: mtu}
	if ipv6 {
		m.Router = netip.MustParseAddr("2001:db8:f::1")
	}
	return m.Packet(pipelinetest.Begin)
}

// counters returns a sink's counters as text, without zeros: "peer sent=1 no-route=2".
func counters(sink *peers.Sink) (lines []string) {
	for _, c := range sink.Counters() {
		line := fmt.Sprintf("%s sent=%d", c.Peer, c.Sent)
		for _, f := range c.Failed {
			if f.Packets > 0 {
				line += fmt.Sprintf(" %s=%d", f.Reason, f.Packets)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// routeVia is a route over a gateway.
func routeVia(gateway string) netlink.Route {
	return netlink.Route{Gw: netip.MustParseAddr(gateway).AsSlice()}
}

package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/probe"
)

// interfaces looks at XDP programs, and at MTUs that do not fit.
func (r *Report) interfaces(routes *routing) {
	for _, link := range routes.uplinks {
		r.xdp(link)
		r.advertised(link)
	}
	for _, link := range routes.links {
		r.lower(link, routes)
		r.ports(link, routes)
	}
}

func (r *Report) xdp(link netlink.Link) {
	a := link.Attrs()
	if a.Xdp == nil || !a.Xdp.Attached {
		return
	}
	r.add(Finding{
		Level: hostcheck.Warning, Subject: "XDP on " + a.Name,
		State: fmt.Sprintf("has program %d, which sees packets before pmtud and may consume them", a.Xdp.ProgId),
		Why:   "if an XDP load balancer takes ICMP errors, nothing is left to capture, unless it passes them on",
		Do:    fmt.Sprintf("bpftool prog show id %d; have it return XDP_PASS for ICMP type 3 code 4 and ICMPv6 type 2", a.Xdp.ProgId),
	})
}

// advertised compares the interface's MTU with that of the LAN, as IPv6 routers advertise it.
func (r *Report) advertised(link netlink.Link) {
	a := link.Attrs()
	mtu, err := sysctl("net/ipv6/conf/" + a.Name + "/mtu")
	if err != nil || mtu >= a.MTU {
		return
	}
	r.add(Finding{
		Level: hostcheck.Warning, Subject: "MTU of " + a.Name,
		State: fmt.Sprintf("is %d, but IPv6 uses %d, as a router advertises", a.MTU, mtu),
		Why:   "IPv4 sends packets that the LAN may not carry, and no router reports it",
		Do:    fmt.Sprintf("ip link set %s mtu %d", a.Name, mtu),
	})
}

// lower compares an interface's MTU with that of the one below, as a VLAN's.
func (r *Report) lower(link netlink.Link, routes *routing) {
	a := link.Attrs()
	below := routes.links[a.ParentIndex]
	if below == nil || link.Type() == "veth" || a.NetNsID >= 0 || below.Attrs().MTU >= a.MTU {
		return
	}
	r.add(Finding{
		Level: hostcheck.Problem, Subject: "MTU of " + a.Name,
		State: fmt.Sprintf("is %d, but that of %s below it is %d", a.MTU, below.Attrs().Name, below.Attrs().MTU),
		Why:   "larger packets are lost on this host, and nothing reports it",
		Do:    fmt.Sprintf("ip link set %s mtu %d", a.Name, below.Attrs().MTU),
	})
}

// ports compares the MTU of a bridge's port with that of the bridge.
func (r *Report) ports(link netlink.Link, routes *routing) {
	a := link.Attrs()
	bridge := routes.links[a.MasterIndex]
	if bridge == nil || bridge.Type() != "bridge" || bridge.Attrs().MTU == a.MTU {
		return
	}
	r.add(Finding{
		Level: hostcheck.Warning, Subject: "MTU of " + a.Name,
		State: fmt.Sprintf("is %d, but that of its bridge %s is %d", a.MTU, bridge.Attrs().Name, bridge.Attrs().MTU),
		Why:   "a bridge drops packets that are too long for a port, and reports nothing",
		Do:    fmt.Sprintf("ip link set %s mtu %d", a.Name, bridge.Attrs().MTU),
	})
}

// probeTime bounds the look at the gateways.
const probeTime = 8 * time.Second

// probe sends packets of the interface's MTU to the gateways: the LAN has to carry them.
func (r *Report) probe(ctx context.Context, gateways []gateway) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	for _, g := range gateways {
		path, err := probe.Run(ctx, probe.Options{Host: g.addr.String(), Address: g.addr})
		if err != nil {
			return // it takes too long, so the gateway does not answer
		}
		if path.Verdict != probe.BlackHole {
			continue
		}
		r.add(Finding{
			Level: hostcheck.Problem, Subject: "MTU of " + g.iface,
			State: fmt.Sprintf("is %d, but packets of more than %d bytes do not reach the gateway %v", path.InterfaceMTU, path.MTU, g.addr),
			Why:   "larger packets are lost on the LAN, and nothing reports it",
			Do:    fmt.Sprintf("ip link set %s mtu %d, or raise the MTU of the gateway and of the switches in between", g.iface, path.MTU),
		})
	}
}

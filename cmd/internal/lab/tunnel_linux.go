package lab

import (
	"cmp"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// addTunnel connects the hop, by a tunnel called down, to a router of the clients, whose
// interface towards them is lan:
//
//	 clients             gateway                    low-MTU hop
//	+--------+      +------------------+    +--------------------+
//	|   eth0 +------+ lan    wan, down +====+ down, wan       up +----
//	+--------+      +------------------+    +--------------------+
func (n *Network) addTunnel() error {
	var err error
	if n.Gateway, err = newMachine("gateway", routerSettings); err != nil {
		return err
	}
	hop := netns.TunnelEnd{NS: n.Hop, Device: "down", Carrier: host(carrier, 1).Addr()}
	gateway := netns.TunnelEnd{NS: n.Gateway, Device: "down", Carrier: host(carrier, 2).Addr()}
	inside := n.Config.Family.tunnel()
	if err := cmp.Or(
		netns.Veth(n.Hop, "wan", n.Gateway, "wan"),
		n.Hop.Addr("wan", host(carrier, 1).String()),
		n.Gateway.Addr("wan", host(carrier, 2).String()),
		netns.Tunnel(n.Config.Tunnel, hop, gateway),
		n.Hop.Addr("down", host(inside, 1).String()),
		n.Gateway.Addr("down", host(inside, 2).String()),
		n.Gateway.Route(n.Config.Family.anywhere().String(), host(inside, 1).Addr().String()),
	); err != nil {
		return err
	}
	device, err := n.Hop.Interface("down")
	if err == nil {
		n.Config.MTU = device.MTU
	}
	return err
}

// towardsClients returns the hop's next hop on the way to the clients.
func (n *Network) towardsClients() string {
	if n.Config.Tunnel != "" {
		return host(n.Config.Family.tunnel(), 2).Addr().String()
	}
	return n.client(0).String()
}

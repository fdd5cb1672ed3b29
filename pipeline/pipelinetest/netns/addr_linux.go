package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addr gives the interface addresses with their prefix lengths, such as
// 192.0.2.1/24 or 2001:db8::1/64. They can be used at once.
func (ns *NS) Addr(name string, prefixes ...string) error {
	return ns.eachAddr(name, "add", prefixes, ns.link.AddrAdd)
}

// DelAddr takes addresses from the interface.
func (ns *NS) DelAddr(name string, prefixes ...string) error {
	return ns.eachAddr(name, "delete", prefixes, ns.link.AddrDel)
}

func (ns *NS) eachAddr(name, verb string, prefixes []string, what func(netlink.Link, *netlink.Addr) error) error {
	l, err := ns.find(name)
	if err != nil {
		return err
	}
	for _, prefix := range prefixes {
		addr, err := parseAddr(prefix)
		if err == nil {
			err = what(l, addr)
		}
		if err != nil {
			return fmt.Errorf("%s address %s on %s in namespace %s: %w", verb, prefix, name, ns.Name, err)
		}
	}
	return nil
}

func parseAddr(s string) (*netlink.Addr, error) {
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, err
	}
	addr := &netlink.Addr{IPNet: ipNet(prefix)}
	if prefix.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD
	}
	return addr, nil
}

// Route sends packets for the destination, a prefix such as 0.0.0.0/0, over the
// gateways, which must be on a network of the namespace. Over several gateways
// it is a multipath route with equal weights; net.ipv4.fib_multipath_hash_policy
// and its IPv6 brother say what is hashed.
func (ns *NS) Route(destination string, gateways ...string) error {
	route, err := parseRoute(destination, gateways)
	if err == nil {
		err = ns.link.RouteReplace(route)
	}
	if err != nil {
		return fmt.Errorf("add route to %s via %v in namespace %s: %w", destination, gateways, ns.Name, err)
	}
	return nil
}

func parseRoute(destination string, gateways []string) (*netlink.Route, error) {
	prefix, err := netip.ParsePrefix(destination)
	if err != nil {
		return nil, err
	}
	if len(gateways) == 0 {
		return nil, errors.New("no gateway")
	}
	route := &netlink.Route{Dst: ipNet(prefix.Masked())}
	for _, g := range gateways {
		gateway, err := netip.ParseAddr(g)
		if err != nil {
			return nil, err
		}
		route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{Gw: gateway.AsSlice()})
	}
	if len(gateways) == 1 {
		route.Gw, route.MultiPath = route.MultiPath[0].Gw, nil
	}
	return route, nil
}

// DelRoute removes the route to the destination.
func (ns *NS) DelRoute(destination string) error {
	prefix, err := netip.ParsePrefix(destination)
	if err == nil {
		err = ns.link.RouteDel(&netlink.Route{Dst: ipNet(prefix.Masked())})
	}
	if err != nil {
		return fmt.Errorf("delete route to %s in namespace %s: %w", destination, ns.Name, err)
	}
	return nil
}

func ipNet(prefix netip.Prefix) *net.IPNet {
	addr := prefix.Addr()
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(prefix.Bits(), addr.BitLen())}
}

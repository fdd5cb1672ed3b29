package doctor

import (
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routing is what matters of a namespace's interfaces and routes.
type routing struct {
	links      map[int]netlink.Link
	uplinks    []netlink.Link // that default routes lead over, or all that are up
	gateways   []gateway
	multipath4 bool
	multipath6 bool
}

// gateway is that of a default route.
type gateway struct {
	addr  netip.Addr
	iface string
}

func readRouting() (*routing, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	r := &routing{links: map[int]netlink.Link{}}
	for _, l := range links {
		r.links[l.Attrs().Index] = l
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		routes, err := netlink.RouteList(nil, family)
		if err != nil {
			return nil, err
		}
		for _, route := range routes {
			r.read(family, route)
		}
	}
	if len(r.uplinks) == 0 {
		for _, l := range links {
			if a := l.Attrs(); a.RawFlags&unix.IFF_LOOPBACK == 0 && a.RawFlags&unix.IFF_UP != 0 {
				r.uplinks = append(r.uplinks, l)
			}
		}
	}
	return r, nil
}

func (r *routing) read(family int, route netlink.Route) {
	if len(route.MultiPath) > 1 {
		r.multipath4 = r.multipath4 || family == unix.AF_INET
		r.multipath6 = r.multipath6 || family == unix.AF_INET6
	}
	if route.Dst != nil && !route.Dst.IP.IsUnspecified() || route.Type != unix.RTN_UNICAST {
		return
	}
	hops := route.MultiPath
	if len(hops) == 0 {
		hops = []*netlink.NexthopInfo{{LinkIndex: route.LinkIndex, Gw: route.Gw}}
	}
	for _, hop := range hops {
		link := r.links[hop.LinkIndex]
		if link == nil {
			continue
		}
		if !contains(r.uplinks, link) {
			r.uplinks = append(r.uplinks, link)
		}
		if addr, ok := netip.AddrFromSlice(hop.Gw); ok {
			addr = addr.Unmap()
			if addr.IsLinkLocalUnicast() && addr.Is6() {
				addr = addr.WithZone(link.Attrs().Name)
			}
			r.gateways = append(r.gateways, gateway{addr, link.Attrs().Name})
		}
	}
}

func contains(links []netlink.Link, link netlink.Link) bool {
	for _, l := range links {
		if l.Attrs().Index == link.Attrs().Index {
			return true
		}
	}
	return false
}

package lab

import (
	"fmt"
	"net/netip"
)

// plan has the networks of one of two sites. Those of site 0 are those of its [Family], with
// half of the LANs and of the containers; both sites have the same VIP. Site s has:
//
//	                        IPv4                       IPv6
//	clients of site 1       198.51.100.128/25          2001:db8:1:1::/64
//	hop to router           203.0.113.(4s)/30          2001:db8:2:s::/64
//	hop to other router     203.0.113.(8+4s)/30        2001:db8:2:(2+s)::/64
//	clients to router       203.0.113.(16+4s)/30       2001:db8:2:(4+s)::/64
//	between the routers     203.0.113.24/30            2001:db8:2:6::/64
//	LAN k                   192.0.2.(128s+32k)/27      2001:db8:3:(4s+k)::/64
//	container i             203.0.113.(128+64s+4i)/30  2001:db8:5:(16s+i)::/64
type plan struct {
	Family
	site int
}

// sites is the number of sites that there is room for.
const sites = 2

func (c Config) plan() plan { return plan{c.Family, c.Site} }

func (p plan) clients(number int) netip.Prefix {
	if p.site == 0 {
		return p.Family.clients(number)
	}
	return p.pick("198.51.100.128/25", "2001:db8:1:1::/64")
}

// link returns one of the networks between two machines.
func (p plan) link(i int) netip.Prefix {
	return p.pick(fmt.Sprintf("203.0.113.%d/30", linkSize*i), fmt.Sprintf("2001:db8:2:%x::/64", i))
}

func (p plan) transit() netip.Prefix { return p.link(p.site) }
func (p plan) toOther() netip.Prefix { return p.link(sites + p.site) }
func (p plan) uplink() netip.Prefix  { return p.link(2*sites + p.site) }
func (p plan) between() netip.Prefix { return p.link(3 * sites) }

func (p plan) lan(k int) netip.Prefix { return p.Family.lan(k + p.site*maxSubnets/sites) }

func (p plan) container(i int) netip.Prefix {
	return p.Family.container(i + p.site*maxContainers/sites)
}

package lab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Family is the IP version of a network: 4 or 6.
type Family int

// The families, with the networks that they use:
//
//	                     IPv4                   IPv6
//	clients              198.51.100.0/24        2001:db8:1::/64
//	  more than 252      100.64.0.0/16
//	hop to router        203.0.113.0/30         2001:db8:2::/64
//	LAN k                192.0.2.(32k)/27       2001:db8:3:k::/64
//	VIP                  203.0.113.80           2001:db8:4::80
//	container i          203.0.113.(128+4i)/30  2001:db8:5:i::/64
//	tunnel               198.18.0.4/30          2001:db8:6::/64
//	  its carrier        198.18.0.0/30          the same
//
// In each network the first address is that of the router which the others use,
// and hosts follow. 100.64.0.0/10 is for clients behind carriers' routers (RFC 6598):
// there is no documentation network for so many. 198.18.0.0/15 is for tests of networks (RFC 2544).
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// firstPort is the client port of the first download.
const firstPort = 40000

// What the IPv4 networks have room for, and ports from [firstPort] on.
const (
	fewClients          = 252
	maxClients          = 65_532
	maxConnections      = (1<<16 - firstPort) / 2 // of a client, some of whose ports lead to the wrong server
	maxSubnets          = 8
	maxServersPerSubnet = 29
	maxContainers       = 32
)

// String returns IPv4 or IPv6.
func (f Family) String() string { return fmt.Sprintf("IPv%d", int(f)) }

func (f Family) pick(v4, v6 string) netip.Prefix {
	if f == IPv6 {
		return netip.MustParsePrefix(v6)
	}
	return netip.MustParsePrefix(v4)
}

func (f Family) vip() netip.Prefix      { return f.pick("203.0.113.80/32", "2001:db8:4::80/128") }
func (f Family) anywhere() netip.Prefix { return f.pick("0.0.0.0/0", "::/0") }

// tunnel returns the network between the ends of a tunnel.
func (f Family) tunnel() netip.Prefix { return f.pick("198.18.0.4/30", "2001:db8:6::/64") }

// carrier is the network that a tunnel runs over.
var carrier = netip.MustParsePrefix("198.18.0.0/30")

// clients returns the network with room for so many clients.
func (f Family) clients(number int) netip.Prefix {
	if number > fewClients {
		return f.pick("100.64.0.0/16", "2001:db8:1::/64")
	}
	return f.pick("198.51.100.0/24", "2001:db8:1::/64")
}

// link returns the network's part for its first two addresses.
func link(network netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(network.Addr(), network.Addr().BitLen()-2)
}

// linkSize is the number of a link's addresses, the last of which is for broadcasts.
const linkSize = 4

// lan returns the network of LAN k.
func (f Family) lan(k int) netip.Prefix {
	if f == IPv6 {
		return netip.MustParsePrefix(fmt.Sprintf("2001:db8:3:%x::/64", k))
	}
	return netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/27", 32*k))
}

// container returns the network between server i and its container.
func (f Family) container(i int) netip.Prefix {
	if f == IPv6 {
		return netip.MustParsePrefix(fmt.Sprintf("2001:db8:5:%x::/64", i))
	}
	return netip.MustParsePrefix(fmt.Sprintf("203.0.113.%d/30", 128+linkSize*i))
}

// udpOverhead is the length of the IP and UDP headers.
func (f Family) udpOverhead() int {
	if f == IPv6 {
		return 40 + 8
	}
	return 20 + 8
}

// network names the family's variant of a protocol as package net does: tcp4.
func (f Family) network(protocol string) string { return fmt.Sprint(protocol, int(f)) }

// host returns the n-th address of a network, from 1, with its prefix length.
func host(network netip.Prefix, n int) netip.Prefix {
	bytes := network.Addr().AsSlice()
	low := bytes[len(bytes)-2:]
	binary.BigEndian.PutUint16(low, binary.BigEndian.Uint16(low)+uint16(n))
	addr, _ := netip.AddrFromSlice(bytes)
	return netip.PrefixFrom(addr, network.Bits())
}

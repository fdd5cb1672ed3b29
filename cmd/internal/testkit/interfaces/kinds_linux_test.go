package interfaces_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// kind is a kind of interface, between two namespaces that are connected by two cables: eth0
// to eth0 and eth1 to eth1.
type kind struct {
	name         string
	make         func(host, wire *netns.NS) error // makes child at the host, and what it needs
	child        string                           // captured and sent on; default: child
	wire         string                           // its counterpart; default: child
	parent       string                           // also captured, if it shows the messages too
	family       string                           // what it carries: 4, 6 or 46, the default
	noEthernet   bool                             // it has no broadcasts
	otherRouting bool                             // it is in a VRF, of which the program's sockets know nothing
	unaware      bool                             // it does not learn that its parent is down
}

var kinds = []kind{
	{name: "veth", child: "eth0", wire: "eth0"},
	{name: "VLAN", parent: "eth0", make: both(func(ns *netns.NS) error {
		return vlan(ns, "eth0", "child", 7, netlink.VLAN_PROTOCOL_8021Q)
	})},
	// On eth0 the messages are behind two tags, where icmp-ptb does not look.
	{name: "QinQ", parent: "outer", make: both(func(ns *netns.NS) error {
		return errors.Join(vlan(ns, "eth0", "outer", 20, netlink.VLAN_PROTOCOL_8021AD),
			vlan(ns, "outer", "child", 30, netlink.VLAN_PROTOCOL_8021Q))
	})},
	{name: "bond, active-backup", make: func(host, wire *netns.NS) error {
		return errors.Join(bond(host, netlink.BOND_MODE_ACTIVE_BACKUP), wire.Bridge("child", "eth0", "eth1"))
	}},
	{name: "bond, 802.3ad", make: both(func(ns *netns.NS) error { return bond(ns, netlink.BOND_MODE_802_3AD) })},
	{name: "bridge with VLAN filtering", parent: "eth0", make: func(host, wire *netns.NS) error {
		return errors.Join(filteringBridge(host), vlan(wire, "eth0", "child", 7, netlink.VLAN_PROTOCOL_8021Q))
	}},
	// On eth0 its frames are for another host, which captures leave out.
	{name: "macvlan", wire: "eth0", make: func(host, _ *netns.NS) error {
		return on(host, "eth0", func(a netlink.LinkAttrs) netlink.Link {
			return &netlink.Macvlan{LinkAttrs: a, Mode: netlink.MACVLAN_MODE_BRIDGE}
		})
	}},
	// On 6.1 it stays up when its parent goes down.
	{name: "ipvlan", wire: "eth0", parent: "eth0", unaware: true, make: func(host, _ *netns.NS) error {
		return on(host, "eth0", func(a netlink.LinkAttrs) netlink.Link {
			return &netlink.IPVlan{LinkAttrs: a, Mode: netlink.IPVLAN_MODE_L2}
		})
	}},
	// On the VRF's device, what arrives passes for outgoing.
	{name: "VRF", child: "eth0", wire: "eth0", otherRouting: true, make: func(host, _ *netns.NS) error {
		return errors.Join(host.Add(&netlink.Vrf{LinkAttrs: attrs("vrf0"), Table: 100}), host.Plug("vrf0", "eth0"))
	}},
	{name: "GRE", make: tunnel(netns.GRE), noEthernet: true},
	{name: "IPIP", make: tunnel(netns.IPIP), noEthernet: true, family: "4"},
	{name: "SIT", make: tunnel(netns.SIT), noEthernet: true, family: "6"},
	{name: "WireGuard", make: tunnel(netns.WireGuard), noEthernet: true},
}

func both(make func(*netns.NS) error) func(host, wire *netns.NS) error {
	return func(host, wire *netns.NS) error { return errors.Join(make(host), make(wire)) }
}

func attrs(name string) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name = name
	return a
}

// on makes an interface called child on another one.
func on(ns *netns.NS, parent string, link func(netlink.LinkAttrs) netlink.Link) error {
	ifi, err := ns.Interface(parent)
	if err != nil {
		return err
	}
	a := attrs("child")
	a.ParentIndex = ifi.Index
	return ns.Add(link(a))
}

func vlan(ns *netns.NS, parent, name string, id int, protocol netlink.VlanProtocol) error {
	return on(ns, parent, func(a netlink.LinkAttrs) netlink.Link {
		a.Name = name
		return &netlink.Vlan{LinkAttrs: a, VlanId: id, VlanProtocol: protocol}
	})
}

func bond(ns *netns.NS, mode netlink.BondMode) error {
	b := netlink.NewLinkBond(attrs("child"))
	b.Mode, b.Miimon = mode, 20
	if mode == netlink.BOND_MODE_802_3AD {
		b.LacpRate = netlink.BOND_LACP_RATE_FAST
	}
	err := ns.Add(b)
	for _, cable := range []string{"eth0", "eth1"} {
		err = errors.Join(err, ns.Down(cable), ns.Plug("child", cable), ns.Up(cable))
	}
	return err
}

// filteringBridge has VLAN 7 alone, with a tag on eth0, and the VLAN's interface child.
func filteringBridge(ns *netns.NS) error {
	filtering := true
	return errors.Join(
		ns.Add(&netlink.Bridge{LinkAttrs: attrs("bridge"), VlanFiltering: &filtering}),
		ns.Plug("bridge", "eth0"),
		ns.Do(func() error {
			bridge, err := netlink.LinkByName("bridge")
			if err != nil {
				return err
			}
			port, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			return errors.Join(netlink.BridgeVlanAdd(port, 7, false, false, false, true), netlink.BridgeVlanAdd(bridge, 7, false, false, true, false))
		}),
		vlan(ns, "bridge", "child", 7, netlink.VLAN_PROTOCOL_8021Q),
	)
}

func tunnel(kind netns.TunnelKind) func(host, wire *netns.NS) error {
	return func(host, wire *netns.NS) error {
		return errors.Join(host.Addr("eth0", "10.98.0.1/24"), wire.Addr("eth0", "10.98.0.2/24"), netns.Tunnel(kind,
			netns.TunnelEnd{NS: host, Device: "child", Carrier: netip.MustParseAddr("10.98.0.1")},
			netns.TunnelEnd{NS: wire, Device: "child", Carrier: netip.MustParseAddr("10.98.0.2")}))
	}
}

// link returns an interface as netlink knows it.
func link(t *testing.T, ns *netns.NS, name string) (l netlink.Link) {
	t.Helper()
	netns.Must(t, ns.Do(func() (err error) {
		l, err = netlink.LinkByName(name)
		return err
	}))
	return l
}

// awaitCarrier waits until an interface has carrier and, if it is a bond whose mode needs that, has
// agreed with its partner about both cables.
func awaitCarrier(t *testing.T, ns *netns.NS, name string) {
	t.Helper()
	const passes = 0x30 // collecting and distributing
	await(t, "carrier of "+name, func() bool {
		child := link(t, ns, name)
		if b, isBond := child.(*netlink.Bond); isBond && b.Mode == netlink.BOND_MODE_802_3AD {
			for _, cable := range []string{"eth0", "eth1"} {
				port, isPort := link(t, ns, cable).Attrs().Slave.(*netlink.BondSlave)
				if !isPort || port.AdActorOperPortState&passes != passes {
					return false
				}
			}
		}
		return child.Attrs().RawFlags&unix.IFF_RUNNING != 0
	})
}

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

package netns

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// loopbackUp raises the loopback interface of the calling thread's namespace.
func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find interface lo: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("raise interface lo: %w", err)
	}
	return nil
}

// Veth connects two namespaces, which may be the same one, by a pair of Ethernet
// interfaces. Both are up, with an MTU of 1500.
func Veth(a *NS, aName string, b *NS, bName string) error {
	pair := netlink.NewVeth(named(aName))
	pair.PeerName = bName
	pair.PeerNamespace = netlink.NsFd(b.fd)
	if err := a.add(pair); err != nil {
		return err
	}
	if err := b.Up(bName); err != nil {
		return err
	}
	return a.Up(aName)
}

// Bridge makes an Ethernet bridge that is up, and plugs in the interfaces. It
// floods all multicast, learns addresses and forwards from the start.
func (ns *NS) Bridge(name string, ports ...string) error {
	snooping := false
	if err := ns.add(&netlink.Bridge{LinkAttrs: named(name), MulticastSnooping: &snooping}); err != nil {
		return err
	}
	for _, port := range ports {
		if err := ns.Plug(name, port); err != nil {
			return err
		}
	}
	return ns.Up(name)
}

// Plug makes the interface a port of the bridge.
func (ns *NS) Plug(bridge, port string) error {
	master, err := ns.find(bridge)
	if err != nil {
		return err
	}
	return ns.change(port, "plug into "+bridge, func(l netlink.Link) error {
		return ns.link.LinkSetMaster(l, master)
	})
}

// Up raises the interface.
func (ns *NS) Up(name string) error { return ns.change(name, "raise", ns.link.LinkSetUp) }

// Down lowers the interface.
func (ns *NS) Down(name string) error { return ns.change(name, "lower", ns.link.LinkSetDown) }

// Delete removes the interface, and with an end of a veth pair the other end.
func (ns *NS) Delete(name string) error { return ns.change(name, "delete", ns.link.LinkDel) }

// SetMTU sets the interface's MTU, in bytes without the Ethernet header. A veth
// end neither sends nor receives longer packets.
func (ns *NS) SetMTU(name string, mtu int) error {
	return ns.change(name, fmt.Sprintf("set MTU %d of", mtu), func(l netlink.Link) error {
		return ns.link.LinkSetMTU(l, mtu)
	})
}

// SetMAC sets the interface's hardware address.
func (ns *NS) SetMAC(name string, mac net.HardwareAddr) error {
	return ns.change(name, fmt.Sprintf("set address %v of", mac), func(l netlink.Link) error {
		return ns.link.LinkSetHardwareAddr(l, mac)
	})
}

// Neighbor adds a permanent entry to the interface's neighbour table.
func (ns *NS) Neighbor(name string, addr netip.Addr, mac net.HardwareAddr) error {
	return ns.change(name, fmt.Sprintf("set hardware address of neighbor %v of", addr), func(l netlink.Link) error {
		return ns.link.NeighSet(&netlink.Neigh{
			LinkIndex: l.Attrs().Index, State: netlink.NUD_PERMANENT, IP: addr.AsSlice(), HardwareAddr: mac,
		})
	})
}

// NoGSO makes the interface take every packet by itself instead of several TCP
// segments in one, so that packets are as they would be on a cable.
func (ns *NS) NoGSO(name string) error {
	return ns.change(name, "switch segmentation offload off on", func(l netlink.Link) error {
		return ns.link.LinkSetGSOMaxSegs(l, 1)
	})
}

// AltName gives the interface another name beside its own, as udev does.
func (ns *NS) AltName(name, other string) error {
	return ns.change(name, "add a name to", func(l netlink.Link) error { return ns.link.LinkAddAltName(l, other) })
}

// Interface returns the interface as package net knows it: index, MTU, MAC.
func (ns *NS) Interface(name string) (*net.Interface, error) {
	var ifi *net.Interface
	err := ns.Do(func() (err error) {
		ifi, err = net.InterfaceByName(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find interface %s in namespace %s: %w", name, ns.Name, err)
	}
	return ifi, nil
}

func named(name string) netlink.LinkAttrs {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	return attrs
}

func (ns *NS) add(l netlink.Link) error {
	if err := ns.link.LinkAdd(l); err != nil {
		return fmt.Errorf("add %s %s in namespace %s: %w", l.Type(), l.Attrs().Name, ns.Name, err)
	}
	return nil
}

func (ns *NS) find(name string) (netlink.Link, error) {
	l, err := ns.link.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("find interface %s in namespace %s: %w", name, ns.Name, err)
	}
	return l, nil
}

// change applies what to the named interface; verb says it in the error.
func (ns *NS) change(name, verb string, what func(netlink.Link) error) error {
	l, err := ns.find(name)
	if err != nil {
		return err
	}
	if err := what(l); err != nil {
		return fmt.Errorf("%s interface %s in namespace %s: %w", verb, name, ns.Name, err)
	}
	return nil
}

package inject

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// deviceMAC is the address of a device that is made: the other end's with another last byte.
var deviceMAC = [macLen]byte{0x02, 'p', 'm', 't', 'u', '0'}

// pairMTU is that of a pair that is made: packets of any length get through.
const pairMTU = 65535

// noIPv6Address is IN6_ADDR_GEN_MODE_NONE (linux/if_link.h).
const noIPv6Address = 1

var errForeign = errors.New("pmtud did not create it and does not replace it; remove it, choose another device, or write create: false to use it")

// isOwn reports whether a device is one end of a pair that this sink or one like it made: only
// those have the other end's address.
func (rt *rtnetlink) isOwn(device netlink.Link) bool {
	end := rt.endOf(device)
	return end != nil && string(end.Attrs().HardwareAddr) == string(linklayer.InjectedMAC[:])
}

// endOf returns the other end of a veth pair, nil if it is no such device or if its end is in
// another network namespace.
func (rt *rtnetlink) endOf(device netlink.Link) netlink.Link {
	if device.Type() != "veth" || device.Attrs().NetNsID >= 0 || device.Attrs().ParentIndex == 0 {
		return nil
	}
	return rt.byIndex(device.Attrs().ParentIndex)
}

// makePair makes the device and its other end, both down and with nothing configured.
func (rt *rtnetlink) makePair(name string, mac [macLen]byte) (netlink.Link, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr = name, pairMTU, net.HardwareAddr(mac[:])
	pair := netlink.NewVeth(attrs)
	pair.PeerName, pair.PeerMTU, pair.PeerHardwareAddr = otherEnd(name), pairMTU, linklayer.InjectedMAC[:]
	if err := rt.addLink(pair); err != nil {
		return nil, err
	}
	device, err := rt.find(name)
	if err == nil && device == nil {
		err = fmt.Errorf("make device %s: it is gone already", name)
	}
	return device, err
}

func (rt *rtnetlink) addLink(l netlink.Link) error {
	if err := rt.LinkAdd(l); err != nil {
		return fmt.Errorf("make device %s: %w", l.Attrs().Name, reason(err, "veth"))
	}
	return nil
}

// removePair removes the device that has the name if it is a pair that this sink or one like it
// made. There may be none.
func (rt *rtnetlink) removePair(name string) error {
	device, err := rt.find(name)
	if err != nil || device == nil {
		return err
	}
	if !rt.isOwn(device) {
		return fmt.Errorf("device %s: %w", name, errForeign)
	}
	if err := rt.LinkDel(device); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove device %s: %w", name, reason(err, "veth"))
	}
	return nil
}

// configure lets a new pair take packets of this host itself, and keeps IPv6 from giving it an
// address.
func (rt *rtnetlink) configure(device netlink.Link) error {
	for _, end := range []netlink.Link{rt.endOf(device), device} {
		if end == nil {
			return unix.ENODEV
		}
		// A kernel or an interface without IPv6 gives none either.
		if err := rt.LinkSetIP6AddrGenMode(end, noIPv6Address); err != nil && !errors.Is(err, unix.EAFNOSUPPORT) {
			return fmt.Errorf("keep IPv6 addresses from device %s: %w", end.Attrs().Name, err)
		}
	}
	if err := rt.setNetconf(device.Attrs().Index, map[uint16]uint32{devconfAcceptLocal: 1}); err != nil {
		return fmt.Errorf("set accept_local of device %s: %w", device.Attrs().Name, err)
	}
	return nil
}

// address gives a device its address. Its scope keeps the kernel from sending packets with it.
func (rt *rtnetlink) address(device netlink.Link, address netip.Prefix) error {
	a := &netlink.Addr{
		IPNet: &net.IPNet{IP: address.Addr().AsSlice(), Mask: net.CIDRMask(address.Bits(), 32)},
		Scope: unix.RT_SCOPE_LINK, Flags: unix.IFA_F_NOPREFIXROUTE,
	}
	if err := rt.AddrReplace(device, a); err != nil {
		return fmt.Errorf("give address %v to device %s: %w", address, device.Attrs().Name, err)
	}
	return nil
}

// hasIPv4 reports whether a device has any IPv4 address.
func (rt *rtnetlink) hasIPv4(device netlink.Link) bool {
	addresses, err := rt.AddrList(device, unix.AF_INET)
	return err == nil && len(addresses) > 0
}

// reason says in an error which right is missing, or which module of the kernel (rtnl_newlink
// and the functions of net/sched return other errors if they know what is asked for).
func reason(err error, modules string) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w (it needs CAP_NET_ADMIN)", err)
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOENT):
		return fmt.Errorf("the kernel lacks %s: %w", modules, err)
	}
	return err
}

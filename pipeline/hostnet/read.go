package hostnet

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Addresses returns the addresses of the named interface with their prefix lengths,
// sorted; those of all interfaces if name is empty. An interface that is not there
// has none.
func Addresses(name string) ([]netip.Prefix, error) {
	addrs, err := interfaceAddrs(name)
	if err != nil {
		return nil, fmt.Errorf("look up addresses of %s: %w", called(name), err)
	}
	var prefixes []netip.Prefix
	for _, a := range addrs {
		if prefix, ok := prefixOf(a); ok {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.SortFunc(prefixes, netip.Prefix.Compare)
	return slices.Compact(prefixes), nil
}

func called(name string) string {
	if name == "" {
		return "all interfaces"
	}
	return "interface " + name
}

func interfaceAddrs(name string) ([]net.Addr, error) {
	if name == "" {
		return net.InterfaceAddrs()
	}
	ifi, err := Find(name)
	if ifi == nil {
		return nil, err
	}
	return ifi.Addrs()
}

// Find returns the interface that has the name, nil if there is none. Unlike
// [net.InterfaceByName] it knows the alternative names of interfaces, by which sockets
// find them too.
func Find(name string) (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(ifi net.Interface) bool { return ifi.Name == name })
	if i < 0 {
		index := indexOf(name)
		i = slices.IndexFunc(all, func(ifi net.Interface) bool { return ifi.Index == index })
	}
	if i < 0 {
		return nil, nil
	}
	return &all[i], nil
}

func prefixOf(a net.Addr) (netip.Prefix, bool) {
	network, ok := a.(*net.IPNet)
	if !ok {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(network.IP)
	bits, _ := network.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits), ok
}

// MTU returns the interface's MTU in bytes, 0 if the interface is not there.
func MTU(name string) (int, error) {
	ifi, err := Find(name)
	if err != nil {
		return 0, fmt.Errorf("look up MTU of interface %s: %w", name, err)
	}
	if ifi == nil {
		return 0, nil
	}
	return ifi.MTU, nil
}

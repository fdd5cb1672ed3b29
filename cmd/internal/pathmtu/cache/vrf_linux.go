package cache

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// findVRFs returns the VRFs of the calling thread's namespace by their tables.
func findVRFs() (map[int]vrf, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	found := map[int]vrf{}
	for _, link := range links {
		if v, ok := link.(*netlink.Vrf); ok {
			found[int(v.Table)] = vrf{v.Name, v.Index}
		}
	}
	return found, nil
}

package inject

import "github.com/vishvananda/netlink"

// AddUnknown asks the kernel of the calling thread's network namespace for a device, a qdisc and
// a filter of kinds that no kernel has, and returns the errors.
func AddUnknown(kind string) (device, qdisc, filter error) {
	rt, err := openRtnetlink()
	if err != nil {
		return err, err, err
	}
	defer rt.close()
	link := netlink.LinkAttrs{Name: "x"}
	device = rt.addLink(&netlink.GenericLink{LinkAttrs: link, LinkType: kind})
	const lo = 1
	qdisc = rt.addQdisc(&netlink.GenericQdisc{
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: lo, Handle: ingress, Parent: netlink.HANDLE_INGRESS}, QdiscType: kind,
	})
	if err := rt.addQdisc(&netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: lo, Handle: ingress, Parent: netlink.HANDLE_INGRESS}}); err != nil {
		return device, qdisc, err
	}
	filter = rt.addFilter(&netlink.GenericFilter{
		FilterAttrs: netlink.FilterAttrs{LinkIndex: lo, Parent: ingress, Priority: 1, Protocol: 3}, FilterType: kind,
	})
	return device, qdisc, filter
}

package inject

import (
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ingress is where filters for what arrives are attached (TC_H_INGRESS, major number).
var ingress = netlink.MakeHandle(0xffff, 0)

// redirects reports whether all that arrives at a device is redirected to the ingress of the
// interface that has the index to.
func (rt *rtnetlink) redirects(device netlink.Link, to int) bool {
	filters, err := rt.FilterList(device, ingress)
	return err == nil && slices.ContainsFunc(filters, func(f netlink.Filter) bool {
		u32, ok := f.(*netlink.U32)
		return ok && len(u32.Actions) == 1 && isRedirect(u32.Actions[0], to)
	})
}

func isRedirect(a netlink.Action, to int) bool {
	m, ok := a.(*netlink.MirredAction)
	return ok && m.MirredAction == netlink.TCA_INGRESS_REDIR && m.Ifindex == to
}

// redirect redirects all that arrives at a device. What it replaces goes with the old qdisc.
func (rt *rtnetlink) redirect(device netlink.Link, to int) error {
	qdisc := &netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: device.Attrs().Index, Handle: ingress, Parent: netlink.HANDLE_INGRESS,
	}}
	_ = rt.QdiscDel(qdisc) // there may be none
	if err := rt.addQdisc(qdisc); err != nil {
		return err
	}
	action := netlink.NewMirredAction(to)
	action.MirredAction = netlink.TCA_INGRESS_REDIR
	// Of classifiers that match everything, u32 is in most kernels.
	all := &netlink.U32{
		FilterAttrs: netlink.FilterAttrs{
			LinkIndex: device.Attrs().Index, Parent: ingress, Priority: 1, Protocol: unix.ETH_P_ALL,
		},
		Actions: []netlink.Action{action},
	}
	return rt.addFilter(all)
}

func (rt *rtnetlink) addQdisc(q netlink.Qdisc) error {
	if err := rt.QdiscAdd(q); err != nil {
		return fmt.Errorf("add ingress qdisc: %w", reason(err, "sch_ingress"))
	}
	return nil
}

func (rt *rtnetlink) addFilter(f netlink.Filter) error {
	if err := rt.FilterAdd(f); err != nil {
		return fmt.Errorf("add filter: %w", reason(err, "cls_u32 or act_mirred"))
	}
	return nil
}

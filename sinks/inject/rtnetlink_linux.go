package inject

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// rtnetlink asks and tells the kernel about devices. Its sockets stay in the network namespace
// that they were opened in, whichever thread uses them.
type rtnetlink struct {
	*netlink.Handle
	raw map[int]*nl.SocketHandle // for what the handle can't do
}

func openRtnetlink() (*rtnetlink, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	socket, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		handle.Close()
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	raw := map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: socket}}
	return &rtnetlink{handle, raw}, nil
}

func (rt *rtnetlink) close() {
	rt.Close()
	rt.raw[unix.NETLINK_ROUTE].Close()
}

// find returns the interface that has the name, nil if there is none.
func (rt *rtnetlink) find(name string) (netlink.Link, error) {
	link, err := rt.LinkByName(name)
	if _, none := errors.AsType[netlink.LinkNotFoundError](err); none {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up interface %s: %w", name, err)
	}
	return link, nil
}

// byIndex returns the interface that has the index, nil if there is none.
func (rt *rtnetlink) byIndex(index int) netlink.Link {
	if link, err := rt.LinkByIndex(index); err == nil {
		return link
	}
	return nil
}

// netconf is what an interface does with IP packets, as its settings in net.ipv4.conf or
// net.ipv6.conf have it.
type netconf struct{ forwarding, rpFilter int }

// allInterfaces is the index of the settings for all interfaces (NETCONFA_IFINDEX_ALL), the
// least that has a meaning besides that of the defaults, which is less.
const allInterfaces = -1

// Attributes (linux/netconf.h).
const (
	netconfIndex      = 1
	netconfForwarding = 2
	netconfRPFilter   = 3
)

// netconfs returns the settings of all interfaces of a family by index.
func (rt *rtnetlink) netconfs(family uint8) (map[int]netconf, error) {
	messages, err := rt.request(unix.RTM_GETNETCONF, unix.NLM_F_DUMP, unix.RTM_NEWNETCONF, []byte{family})
	if err != nil {
		return nil, fmt.Errorf("read settings of interfaces: %w", err)
	}
	confs := make(map[int]netconf)
	for _, m := range messages {
		attrs, err := nl.ParseRouteAttr(m[4:])
		if err != nil {
			return nil, fmt.Errorf("read settings of interfaces: %w", err)
		}
		var c netconf
		index := 0
		for _, a := range attrs {
			if len(a.Value) < 4 {
				continue
			}
			value := int(int32(binary.NativeEndian.Uint32(a.Value)))
			switch a.Attr.Type {
			case netconfIndex:
				index = value
			case netconfForwarding:
				c.forwarding = value
			case netconfRPFilter:
				c.rpFilter = value
			}
		}
		confs[index] = c
	}
	return confs, nil
}

// Settings of net.ipv4.conf (linux/ip.h).
const (
	devconfForwarding  = 1
	devconfRPFilter    = 8
	devconfAcceptLocal = 23
	inetConf           = 1 // IFLA_INET_CONF
)

// setNetconf changes settings of net.ipv4.conf of an interface. Unlike /proc/sys this needs no
// file that may be read-only.
func (rt *rtnetlink) setNetconf(index int, values map[uint16]uint32) error {
	conf := nl.NewRtAttr(inetConf, nil)
	for id, value := range values {
		conf.AddRtAttr(int(id), nl.Uint32Attr(value))
	}
	family := nl.NewRtAttr(unix.AF_INET, nil)
	family.AddChild(conf)
	spec := nl.NewRtAttr(unix.IFLA_AF_SPEC, nil)
	spec.AddChild(family)
	link := nl.NewIfInfomsg(unix.AF_UNSPEC)
	link.Index = int32(index)
	_, err := rt.request(unix.RTM_SETLINK, unix.NLM_F_ACK, 0, link.Serialize(), spec.Serialize())
	return err
}

// lacksIPv6 reports whether net.ipv6.conf.*.disable_ipv6 is set for a device, but not for
// another one that is up, but for its other end and lo. A host without IPv6 lacks nothing.
func (rt *rtnetlink) lacksIPv6(device, end int) bool {
	link := nl.NewIfInfomsg(unix.AF_INET6)
	messages, err := rt.request(unix.RTM_GETLINK, unix.NLM_F_DUMP, unix.RTM_NEWLINK, link.Serialize())
	if err != nil {
		return false
	}
	off, elsewhere := true, false
	for _, m := range messages {
		info := nl.DeserializeIfInfomsg(m)
		disabled := disablesIPv6(m[info.Len():])
		switch {
		case int(info.Index) == device:
			off = disabled
		case int(info.Index) != end && info.Flags&(unix.IFF_LOOPBACK|unix.IFF_UP) == unix.IFF_UP && !disabled:
			elsewhere = true
		}
	}
	return off && elsewhere
}

// Of an interface's IPv6 settings (linux/if_link.h, linux/ipv6.h).
const (
	inet6Conf   = 2 // IFLA_INET6_CONF
	disableIPv6 = 26
)

func disablesIPv6(attrs []byte) bool {
	conf := attribute(attribute(attrs, unix.IFLA_PROTINFO), inet6Conf)
	return len(conf) < 4*(disableIPv6+1) || binary.NativeEndian.Uint32(conf[4*disableIPv6:]) != 0
}

// attributeType is an attribute's type without flags (NLA_TYPE_MASK).
const attributeType = 0x3fff

// attribute returns the value of the attribute of a type, nil if there is none.
func attribute(attrs []byte, kind uint16) []byte {
	list, err := nl.ParseRouteAttr(attrs)
	if err != nil {
		return nil
	}
	for _, a := range list {
		if a.Attr.Type&attributeType == kind {
			return a.Value
		}
	}
	return nil
}

// raw bytes of a request.
type raw []byte

func (r raw) Len() int          { return len(r) }
func (r raw) Serialize() []byte { return r }

func (rt *rtnetlink) request(kind, flags int, answer uint16, parts ...[]byte) ([][]byte, error) {
	r := nl.NewNetlinkRequest(kind, flags)
	r.Sockets = rt.raw
	for _, p := range parts {
		r.AddData(raw(p))
	}
	return r.Execute(unix.NETLINK_ROUTE, answer)
}

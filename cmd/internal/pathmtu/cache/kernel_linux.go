package cache

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// kernel asks the calling thread's namespace for routes.
type kernel struct {
	conn *netlink.Conn
	vrfs map[int]vrf // by table
}

// vrf is a device that binds sockets to a routing table.
type vrf struct {
	name  string
	index int
}

func openKernel() (*kernel, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{Strict: true})
	if errors.Is(err, unix.ENOPROTOOPT) { // before Linux 4.20, which then answers with more
		conn, err = netlink.Dial(unix.NETLINK_ROUTE, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	k := &kernel{conn: conn}
	if k.vrfs, err = findVRFs(); err != nil {
		conn.Close()
		return nil, err
	}
	return k, nil
}

func (k *kernel) close() { k.conn.Close() }

// dump returns what the kernel shows of all tables of a family.
func (k *kernel) dump(family byte) (entries []Entry, err error) {
	answers, err := k.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETROUTE, Flags: netlink.Request | netlink.Dump},
		Data:   rtmsg{family: family, flags: unix.RTM_F_CLONED}.bytes(),
	})
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return nil, nil // the kernel was built without the family
	case err != nil:
		return nil, fmt.Errorf("list learned routes: %w", err)
	}
	for _, m := range answers {
		if e, ok := parseRoute(m.Data); ok {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// lookUp returns what was learned about an address, as sockets find it that are bound to a
// device; 0 is none. What no look-up has used, the dump does not show.
func (k *kernel) lookUp(addr netip.Addr, device int) (e Entry, ok bool, err error) {
	attributes := netlink.NewAttributeEncoder()
	attributes.Bytes(unix.RTA_DST, addr.AsSlice())
	if device != 0 {
		attributes.Uint32(unix.RTA_OIF, uint32(device))
	}
	encoded, err := attributes.Encode()
	if err != nil {
		return e, false, err
	}
	header := rtmsg{family: familyOf(addr), dstLen: byte(addr.BitLen()), flags: unix.RTM_F_LOOKUP_TABLE}
	answers, err := k.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETROUTE, Flags: netlink.Request},
		Data:   append(header.bytes(), encoded...),
	})
	if err != nil || len(answers) == 0 {
		return e, false, err
	}
	e, ok = parseRoute(answers[0].Data)
	// Any IPv4 route that is looked up counts as cloned; one that was learned ends.
	return e, ok && e.Seconds > 0, nil
}

// delete deletes an IPv6 entry.
func (k *kernel) delete(e Entry) error {
	attributes := netlink.NewAttributeEncoder()
	attributes.Bytes(unix.RTA_DST, e.Destination.AsSlice())
	attributes.Uint32(unix.RTA_OIF, uint32(e.index))
	attributes.Uint32(unix.RTA_TABLE, uint32(e.Table))
	encoded, err := attributes.Encode()
	if err != nil {
		return err
	}
	header := rtmsg{family: unix.AF_INET6, dstLen: byte(e.Destination.BitLen()), flags: unix.RTM_F_CLONED}
	_, err = k.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_DELROUTE, Flags: netlink.Request | netlink.Acknowledge},
		Data:   append(header.bytes(), encoded...),
	})
	if errors.Is(err, unix.ESRCH) {
		return nil // it has ended meanwhile
	}
	return err
}

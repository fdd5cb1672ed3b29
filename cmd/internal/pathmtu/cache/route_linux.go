package cache

import (
	"encoding/binary"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// rtmsg is struct rtmsg (linux/rtnetlink.h).
type rtmsg struct {
	family, dstLen, table byte
	flags                 uint32
}

const (
	rtmsgLen = 12
	hertz    = 100 // USER_HZ, of times
)

func (m rtmsg) bytes() []byte {
	data := make([]byte, rtmsgLen)
	data[0], data[1], data[4] = m.family, m.dstLen, m.table
	binary.NativeEndian.PutUint32(data[8:], m.flags)
	return data
}

func familyOf(addr netip.Addr) byte {
	if addr.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// parseRoute returns the entry that a message is about. It reports false for a route that was
// not learned.
func parseRoute(data []byte) (e Entry, ok bool) {
	if len(data) < rtmsgLen {
		return e, false
	}
	e.Table = int(data[4])
	cloned := binary.NativeEndian.Uint32(data[8:])&unix.RTM_F_CLONED != 0
	attributes, err := netlink.NewAttributeDecoder(data[rtmsgLen:])
	if err != nil {
		return e, false
	}
	for attributes.Next() {
		switch value := attributes.Bytes(); attributes.Type() {
		case unix.RTA_DST:
			e.Destination, _ = netip.AddrFromSlice(value)
		case unix.RTA_GATEWAY:
			e.Gateway, _ = netip.AddrFromSlice(value)
		case unix.RTA_OIF:
			e.index = int(attributes.Uint32())
		case unix.RTA_TABLE:
			e.Table = int(attributes.Uint32())
		case unix.RTA_METRICS:
			attributes.Nested(e.parseMetrics)
		case unix.RTA_CACHEINFO:
			const expires = 8 // in struct rta_cacheinfo
			if len(value) >= expires+4 {
				e.Seconds = int(int32(binary.NativeEndian.Uint32(value[expires:]))) / hertz
			}
		}
	}
	return e, cloned && attributes.Err() == nil && e.Destination.IsValid()
}

func (e *Entry) parseMetrics(attributes *netlink.AttributeDecoder) error {
	for attributes.Next() {
		switch attributes.Type() {
		case unix.RTAX_MTU:
			e.MTU = int(attributes.Uint32())
		case unix.RTAX_LOCK:
			e.Locked = attributes.Uint32()&(1<<unix.RTAX_MTU) != 0
		}
	}
	return attributes.Err()
}

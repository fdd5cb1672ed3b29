package probe

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Offsets in struct sock_extended_err (linux/errqueue.h), and its length, behind which is the
// address of the router.
const (
	extErrno, extOrigin, extType, extCode, extInfo = 0, 4, 5, 6, 8
	extLen                                         = 16
)

// parseError returns what control messages of the error queue say.
func parseError(oob []byte) (reply, bool) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return reply{}, false
	}
	for _, m := range messages {
		is4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		is6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if (is4 || is6) && len(m.Data) >= extLen {
			return parseExtended(m.Data), true
		}
	}
	return reply{}, false
}

func parseExtended(data []byte) reply {
	r := reply{from: offender(data[extLen:]), mtu: int(binary.NativeEndian.Uint32(data[extInfo:]))}
	switch data[extOrigin] {
	case unix.SO_EE_ORIGIN_ICMP:
		r.kind, r.reason = classify4(data[extType], data[extCode])
	case unix.SO_EE_ORIGIN_ICMP6:
		r.kind, r.reason = classify6(data[extType], data[extCode])
	default:
		r.kind = local
		if errno := unix.Errno(binary.NativeEndian.Uint32(data[extErrno:])); errno != unix.EMSGSIZE {
			r.kind, r.reason = refused, errno.Error()
		}
	}
	return r
}

// offender parses a struct sockaddr_in or sockaddr_in6.
func offender(data []byte) netip.Addr {
	const at4, at6 = 4, 8
	if len(data) < 2 {
		return netip.Addr{}
	}
	switch family := binary.NativeEndian.Uint16(data); {
	case family == unix.AF_INET && len(data) >= at4+4:
		return netip.AddrFrom4([4]byte(data[at4:]))
	case family == unix.AF_INET6 && len(data) >= at6+16:
		return netip.AddrFrom16([16]byte(data[at6:]))
	}
	return netip.Addr{}
}

// answerTTL returns the TTL of the packet that control messages belong to, or 0.
func answerTTL(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		is4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_TTL
		is6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_HOPLIMIT
		if (is4 || is6) && len(m.Data) >= 4 {
			return int(int32(binary.NativeEndian.Uint32(m.Data)))
		}
	}
	return 0
}

package tcpdiag

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"unsafe"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Conn is a connection.
type Conn struct {
	Local, Remote netip.AddrPort
	Interface     int // it is bound to; 0: none
	Cookie        uint64
	Inode         uint32
	Info          unix.TCPInfo
}

// States of connections (net/tcp_states.h): established, FIN-WAIT-1, CLOSE-WAIT, LAST-ACK and
// CLOSING, in which data may be on the way.
const sending = 1<<1 | 1<<4 | 1<<8 | 1<<9 | 1<<11

// Lengths of structures (linux/inet_diag.h), and offsets in inet_diag_msg.
const (
	requestLen = 56
	messageLen = 72

	atSport, atDport, atSrc, atDst = 4, 6, 8, 24
	atInterface, atCookie          = 40, 44
	atInode                        = 68

	infoAttribute = 2 // INET_DIAG_INFO
	byFamily      = 20
)

// List returns the connections of both families, in the calling thread's namespace, that may
// have data on the way.
func List() (conns []Conn, err error) {
	c, err := netlink.Dial(unix.NETLINK_INET_DIAG, nil)
	if err != nil {
		return nil, fmt.Errorf("open sock_diag: %w", err)
	}
	defer c.Close()
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		request := make([]byte, requestLen)
		request[0], request[1], request[2] = family, unix.IPPROTO_TCP, 1<<(infoAttribute-1)
		binary.NativeEndian.PutUint32(request[4:], sending)
		answers, err := c.Execute(netlink.Message{
			Header: netlink.Header{Type: byFamily, Flags: netlink.Request | netlink.Dump}, Data: request,
		})
		if err != nil {
			return nil, fmt.Errorf("list TCP connections: %w", err)
		}
		for _, m := range answers {
			if conn, ok := parse(m.Data); ok {
				conns = append(conns, conn)
			}
		}
	}
	return conns, nil
}

func parse(data []byte) (c Conn, ok bool) {
	if len(data) < messageLen {
		return c, false
	}
	c.Local = addrPort(data, atSrc, atSport)
	c.Remote = addrPort(data, atDst, atDport)
	c.Interface = int(binary.NativeEndian.Uint32(data[atInterface:]))
	c.Cookie = binary.NativeEndian.Uint64(data[atCookie:])
	c.Inode = binary.NativeEndian.Uint32(data[atInode:])
	attributes, err := netlink.NewAttributeDecoder(data[messageLen:])
	if err != nil {
		return c, false
	}
	for attributes.Next() {
		if attributes.Type() == infoAttribute {
			// Kernels differ in how much they tell; what they don't is zero.
			info := unsafe.Slice((*byte)(unsafe.Pointer(&c.Info)), unsafe.Sizeof(c.Info))
			copy(info, attributes.Bytes())
			ok = true
		}
	}
	return c, ok
}

func addrPort(data []byte, addr, port int) netip.AddrPort {
	number := binary.BigEndian.Uint16(data[port:])
	if data[0] == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(data[addr:])), number)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(data[addr:])).Unmap(), number)
}

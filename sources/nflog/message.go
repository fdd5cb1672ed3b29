package nflog

import "encoding/binary"

// Types of netlink messages: of netlink itself, and NFNL_SUBSYS_ULOG<<8 plus one of
// enum nfulnl_msg_types.
const (
	typeError  = 2
	typeDone   = 3
	typePacket = 4 << 8
	typeConfig = 4<<8 | 1
)

// Lengths in bytes.
const (
	headerLen = 16 // struct nlmsghdr
	familyLen = 4  // struct nfgenmsg
	errnoLen  = 4
)

// nextMessage cuts the first message off a datagram: its type and its bytes, from
// the netlink header on. Without a whole message, the message is nil.
func nextMessage(datagram []byte) (kind uint16, msg, rest []byte) {
	if len(datagram) < headerLen {
		return 0, nil, nil
	}
	n := int(binary.NativeEndian.Uint32(datagram))
	if n < headerLen || n > len(datagram) {
		return 0, nil, nil
	}
	return binary.NativeEndian.Uint16(datagram[4:]), datagram[:n], datagram[min(align(n), len(datagram)):]
}

// messageError returns the errno of an error message, 0 if it is the receipt for
// a message.
func messageError(msg []byte) (errno int) {
	if len(msg) < headerLen+errnoLen {
		return 0
	}
	return -int(int32(binary.NativeEndian.Uint32(msg[headerLen:])))
}

// align rounds a length up as netlink does between messages and attributes.
func align(n int) int { return (n + 3) &^ 3 }

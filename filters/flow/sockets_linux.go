package flow

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Of linux/sock_diag.h and linux/inet_diag.h.
const (
	sockDiagByFamily = 20
	diagRequestLen   = 56 // struct inet_diag_req_v2
	diagReplyLen     = 72 // struct inet_diag_msg
	noCookie         = 1<<32 - 1
)

// States of sockets (net/tcp_states.h).
const (
	stateEstablished = 1
	stateTimeWait    = 6
	stateListen      = 10
)

// sockets are those of the network namespace in which the conn was opened.
type sockets struct{ *conn }

func openSockets() (table, error) {
	c, err := dial(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("ask for sockets: %w", err)
	}
	return sockets{c}, nil
}

// end is one end of a flow.
type end struct {
	addr netip.Addr
	port uint16
}

func (s sockets) has(q *pipeline.Quoted) (bool, error) {
	local, remote := end{q.Src, q.SrcPort}, end{q.Dst, q.DstPort}
	first, second := local, remote
	if q.Protocol == wire.ProtoUDP {
		first, second = remote, local // as udp_dump_one has it
	}
	reply, err := s.ask(sockDiagByFamily, appendDiagRequest(s.begin(), q.Protocol, first, second))
	switch {
	case isAbsent(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ask for socket: %w", err)
	case len(reply) < diagReplyLen:
		return false, fmt.Errorf("ask for socket: reply of %d bytes", len(reply))
	}
	return connected(q.Protocol, reply[1], binary.BigEndian.Uint16(reply[6:]) == remote.port), nil
}

// connected reports whether a socket in this state is one of a flow. The kernel also finds
// sockets that listen, or that are bound to the port alone.
func connected(protocol wire.Protocol, state uint8, toRemote bool) bool {
	if protocol == wire.ProtoUDP {
		return state == stateEstablished && toRemote
	}
	return state != stateListen && state != stateTimeWait && toRemote
}

// appendDiagRequest appends a struct inet_diag_req_v2.
func appendDiagRequest(b []byte, protocol wire.Protocol, src, dst end) []byte {
	family := byte(unix.AF_INET)
	if src.addr.Is6() {
		family = unix.AF_INET6
	}
	b = append(b, family, byte(protocol), 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 1<<32-1) // any state
	b = binary.BigEndian.AppendUint16(b, src.port)
	b = binary.BigEndian.AppendUint16(b, dst.port)
	b = appendDiagAddr(b, src.addr)
	b = appendDiagAddr(b, dst.addr)
	b = binary.NativeEndian.AppendUint32(b, 0) // any interface
	b = binary.NativeEndian.AppendUint32(b, noCookie)
	return binary.NativeEndian.AppendUint32(b, noCookie)
}

// appendDiagAddr appends an address in 16 bytes.
func appendDiagAddr(b []byte, addr netip.Addr) []byte {
	if addr.Is4() {
		v4 := addr.As4()
		b = append(b, v4[:]...)
		return append(b, make([]byte, 12)...)
	}
	v6 := addr.As16()
	return append(b, v6[:]...)
}

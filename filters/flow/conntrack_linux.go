package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Of linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h.
const (
	conntrackGet = 1<<8 | 1 // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
	nested       = 1 << 15  // NLA_F_NESTED

	attrTupleOrig = 1
	attrTupleIP   = 1
	attrTupleL4   = 2
	attrIPv4Src   = 1
	attrIPv4Dst   = 2
	attrIPv6Src   = 3
	attrIPv6Dst   = 4
	attrL4Num     = 1
	attrL4SrcPort = 2
	attrL4DstPort = 3
)

// conntrack is the table of the network namespace in which the conn was opened.
type conntrack struct{ *conn }

func openConntrack() (table, error) {
	c, err := dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("ask conntrack: %w", err)
	}
	// A query for nothing fails at once if all others would.
	t := conntrack{c}
	nothing := netip.IPv4Unspecified()
	if _, err := t.has(&pipeline.Quoted{Protocol: wire.ProtoTCP, Src: nothing, Dst: nothing}); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return t, nil
}

// has asks for the packet that would answer the quoted one. An entry is found by the
// packets of both directions, as they come in.
func (c conntrack) has(q *pipeline.Quoted) (bool, error) {
	_, err := c.ask(conntrackGet, appendTuple(c.begin(), q.Protocol, end{q.Dst, q.DstPort}, end{q.Src, q.SrcPort}))
	switch {
	case isAbsent(err):
		return false, nil
	case errors.Is(err, unix.EPERM):
		return false, fmt.Errorf("ask conntrack: %w; it needs CAP_NET_ADMIN", err)
	case errors.Is(err, unix.EINVAL):
		return false, fmt.Errorf("ask conntrack: %w; load the module nf_conntrack_netlink", err)
	case err != nil:
		return false, fmt.Errorf("ask conntrack: %w", err)
	}
	return true, nil
}

// appendTuple appends a struct nfgenmsg and the attribute CTA_TUPLE_ORIG.
func appendTuple(b []byte, protocol wire.Protocol, src, dst end) []byte {
	family, srcAttr, dstAttr := byte(unix.AF_INET), uint16(attrIPv4Src), uint16(attrIPv4Dst)
	if src.addr.Is6() {
		family, srcAttr, dstAttr = unix.AF_INET6, attrIPv6Src, attrIPv6Dst
	}
	b = append(b, family, 0, 0, 0) // NFNETLINK_V0
	tuple := len(b)
	b = appendAttr(b, attrTupleOrig|nested)
	ip := len(b)
	b = appendAttr(b, attrTupleIP|nested)
	b = appendAddr(b, srcAttr, src.addr)
	b = closeAttr(appendAddr(b, dstAttr, dst.addr), ip)
	l4 := len(b)
	b = appendAttr(b, attrTupleL4|nested)
	at := len(b)
	b = closeAttr(append(appendAttr(b, attrL4Num), byte(protocol)), at)
	b = appendPort(b, attrL4SrcPort, src.port)
	b = closeAttr(appendPort(b, attrL4DstPort, dst.port), l4)
	return closeAttr(b, tuple)
}

// appendAttr appends the header of an attribute, whose length closeAttr fills in.
func appendAttr(b []byte, kind uint16) []byte {
	b = binary.NativeEndian.AppendUint16(b, 0)
	return binary.NativeEndian.AppendUint16(b, kind)
}

// closeAttr ends the attribute that begins at at, and pads it to four bytes.
func closeAttr(b []byte, at int) []byte {
	binary.NativeEndian.PutUint16(b[at:], uint16(len(b)-at))
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func appendAddr(b []byte, kind uint16, addr netip.Addr) []byte {
	at := len(b)
	b = appendAttr(b, kind)
	if addr.Is4() {
		v4 := addr.As4()
		return closeAttr(append(b, v4[:]...), at)
	}
	v6 := addr.As16()
	return closeAttr(append(b, v6[:]...), at)
}

func appendPort(b []byte, kind, port uint16) []byte {
	at := len(b)
	return closeAttr(binary.BigEndian.AppendUint16(appendAttr(b, kind), port), at)
}

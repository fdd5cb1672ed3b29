//go:build amd64 || arm64 || riscv64 || loong64

package sandbox

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The arguments of socket(2) and socketpair(2).
const (
	socketFamily = iota
	socketType
	socketProtocol
)

// socketTypes is what a socket's type is without flags (SOCK_TYPE_MASK in
// linux/net.h).
const socketTypes = 0xf

// families are the numbers of those that stages may ask for.
var families = map[string]uint32{
	"AF_UNIX": unix.AF_UNIX, "AF_INET": unix.AF_INET, "AF_INET6": unix.AF_INET6,
	"AF_NETLINK": unix.AF_NETLINK, "AF_PACKET": unix.AF_PACKET, "AF_VSOCK": unix.AF_VSOCK, "AF_XDP": unix.AF_XDP,
}

// netlinks are the numbers of netlink's protocols that stages may ask for.
var netlinks = map[string]uint32{
	"NETLINK_ROUTE": unix.NETLINK_ROUTE, "NETLINK_SOCK_DIAG": unix.NETLINK_SOCK_DIAG,
	"NETLINK_NETFILTER": unix.NETLINK_NETFILTER, "NETLINK_GENERIC": unix.NETLINK_GENERIC,
}

// socketRules refuse sockets that the plan does not name, and what goes past the ports that
// Landlock knows.
func (p Plan) socketRules() ([]rule, error) {
	sockets, err := p.sockets()
	if err != nil {
		return nil, err
	}
	rules := []rule{
		// TCP Fast Open connects without connect(2). These come first, for they are
		// called for each packet.
		{calls: []uint32{unix.SYS_SENDMMSG, unix.SYS_SENDTO}, errno: unix.EPERM, allowed: unlessBits(3, unix.MSG_FASTOPEN)},
		{calls: []uint32{unix.SYS_SENDMSG}, errno: unix.EPERM, allowed: unlessBits(2, unix.MSG_FASTOPEN)},
		{calls: []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR}, errno: unix.EAFNOSUPPORT, allowed: sockets},
	}
	if len(p.Listen) == 0 {
		rules = append(rules, rule{calls: []uint32{unix.SYS_LISTEN}, errno: unix.EACCES})
	}
	return rules, nil
}

// sockets allows sockets of the plan's families, and of netlink its protocols and that of
// interfaces and addresses. Of connections it allows TCP's only: Landlock doesn't know the
// ports of other protocols, and Multipath TCP speaks with whoever speaks TCP.
func (p Plan) sockets() ([]bpf.Instruction, error) {
	body := refuseConnections()
	body = append(body, argument(socketFamily))
	for _, name := range p.Families {
		family, ok := families[name]
		if !ok {
			return nil, fmt.Errorf("unknown address family %s", name)
		}
		if family != unix.AF_NETLINK {
			body = append(body, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: family, SkipTrue: 1}, allow)
		}
	}
	for _, name := range p.Streams {
		body = append(body, allowStreams(families[name])...)
	}
	if !slices.Contains(p.Families, "AF_NETLINK") {
		return body, nil
	}
	protocols := []uint32{unix.NETLINK_ROUTE}
	for _, name := range p.Netlink {
		protocol, ok := netlinks[name]
		if !ok {
			return nil, fmt.Errorf("unknown protocol of netlink %s", name)
		}
		protocols = append(protocols, protocol)
	}
	netlink := append(ifOneOf(socketProtocol, protocols...), refuse(unix.EPROTONOSUPPORT))
	body = append(body, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_NETLINK, SkipTrue: uint8(len(netlink))})
	return append(body, netlink...), nil
}

// allowStreams decides about sockets of a family, and allows those that are for connections.
// The family is loaded, and is still for what comes after.
func allowStreams(family uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: family, SkipTrue: 5},
		argument(socketType),
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: socketTypes},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_STREAM, SkipTrue: 1},
		refuse(unix.EAFNOSUPPORT),
		allow,
	}
}

// refuseConnections refuses sockets for connections of protocols other than TCP and the
// family's own, which is TCP for those that have it.
func refuseConnections() []bpf.Instruction {
	return []bpf.Instruction{
		argument(socketType),
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: socketTypes},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_DGRAM, SkipTrue: 5},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_RAW, SkipTrue: 4},
		argument(socketProtocol),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 1},
		refuse(unix.EPROTONOSUPPORT),
	}
}

package lab_test

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// logICMP sets rules on a server that log all ICMP messages from the wire: far more
// than packet-too-big messages. Those on lo are left out: a kernel that learns a
// path MTU while it sends larger segments sends itself messages about them.
func logICMP(_ *lab.Network, s *lab.Server) error {
	return rig.LogICMP(s.NS, nftables.ChainHookInput, nftables.ChainPriorityFilter,
		&expr.Meta{Key: expr.MetaKeyIIFTYPE, Register: 1},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binary.NativeEndian.AppendUint16(nil, unix.ARPHRD_LOOPBACK)},
	)
}

// overNFLOG makes pmtud read from NFLOG, and send as often as it likes.
func overNFLOG(n *lab.Network, s *lab.Server) []string {
	return append(fast(n, s), "--nflog", fmt.Sprint(rig.LogGroup))
}

// peersOverNFLOG has no use for Ethernet at all.
func peersOverNFLOG(n *lab.Network, s *lab.Server) []string {
	return append(peers(n, s), "--nflog", fmt.Sprint(rig.LogGroup))
}

// deadPeers are addresses that nobody has: on the server's LAN, in a subnet that
// the routers know, and one that they don't.
func deadPeers(n *lab.Network, s *lab.Server) []string {
	arguments := peers(n, s)
	last := len(arguments) - 1
	arguments[last] = "192.0.2.250,203.0.113.250,2001:db8:ffff::1," + arguments[last]
	return arguments
}

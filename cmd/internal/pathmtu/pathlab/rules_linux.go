package pathlab

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Silence has a host drop the "packet too big" messages that leave it.
func Silence(ns *netns.NS) error {
	return change(ns, "silence", nftables.ChainHookOutput, tooBig(4), tooBig(6))
}

// Deafen has a host drop the "packet too big" messages that come in.
func Deafen(ns *netns.NS) error {
	return change(ns, "deafen", nftables.ChainHookInput, tooBig(4), tooBig(6))
}

// Mute has a router say nothing at all by ICMP of its own.
func Mute(ns *netns.NS) error {
	drop := &expr.Verdict{Kind: expr.VerdictDrop}
	return change(ns, "mute", nftables.ChainHookOutput,
		append(icmpTypes(unix.IPPROTO_ICMP, 3, 3), drop), append(icmpTypes(unix.IPPROTO_ICMP, 11, 11), drop),
		append(icmpTypes(unix.IPPROTO_ICMPV6, 1, 3), drop))
}

// Clamp has a router make the MSS of all SYNs that it forwards fit an MTU.
func Clamp(ns *netns.NS, mtu int) error {
	return change(ns, "clamp", nftables.ChainHookForward, clamp(unix.NFPROTO_IPV4, mtu-40), clamp(unix.NFPROTO_IPV6, mtu-60))
}

// change adds a chain with rules to a table of its own.
func change(ns *netns.NS, name string, hook *nftables.ChainHook, rules ...[]expr.Any) error {
	err := ns.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: name})
		chain := c.AddChain(&nftables.Chain{
			Name: name, Table: table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityFilter,
		})
		for _, exprs := range rules {
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: exprs})
		}
		return c.Flush()
	})
	if err != nil {
		return fmt.Errorf("%s in namespace %s: %w", name, ns.Name, err)
	}
	return nil
}

// tooBig drops messages of path MTU discovery.
func tooBig(version int) []expr.Any {
	drop := &expr.Verdict{Kind: expr.VerdictDrop}
	if version == 6 {
		return append(icmpTypes(unix.IPPROTO_ICMPV6, 2, 2), drop)
	}
	return append(
		icmpTypes(unix.IPPROTO_ICMP, 3, 3),
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 1, Len: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{4}},
		drop,
	)
}

// icmpTypes is true for types from first to last.
func icmpTypes(protocol, first, last byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 1},
		&expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: []byte{first}},
		&expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: []byte{last}},
	}
}

// clamp sets the MSS of SYNs of a family.
func clamp(family byte, mss int) []expr.Any {
	const tcpFlags, syn, maxseg = 13, 2, 2
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{family}},
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: tcpFlags, Len: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{syn}, Xor: []byte{0}},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: []byte{0}},
		&expr.Immediate{Register: 1, Data: binary.BigEndian.AppendUint16(nil, uint16(mss))},
		&expr.Exthdr{SourceRegister: 1, Type: maxseg, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt},
	}
}

// DropInvalid has a host drop what conntrack calls invalid, as firewalls mostly do.
func DropInvalid(ns *netns.NS) error {
	return change(ns, "invalid", nftables.ChainHookInput, []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binary.NativeEndian.AppendUint32(nil, expr.CtStateBitINVALID), Xor: make([]byte, 4),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
		&expr.Verdict{Kind: expr.VerdictDrop},
	})
}

// Lose has a router lose some of a hundred packets that it forwards.
func Lose(ns *netns.NS, percent uint32) error {
	return change(ns, "lose", nftables.ChainHookForward, []expr.Any{
		&expr.Numgen{Register: 1, Type: unix.NFT_NG_RANDOM, Modulus: 100},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binary.BigEndian.AppendUint32(nil, percent)},
		&expr.Verdict{Kind: expr.VerdictDrop},
	})
}

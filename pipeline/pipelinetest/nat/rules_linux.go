package nat

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Service is an address and port that lead to another one, for TCP and UDP.
type Service struct {
	// Address is what clients connect to, Backend what answers. They are of one family.
	Address, Backend netip.AddrPort
	// Masquerade has the backend see the node's address instead of the client's. A backend
	// that is not on this node answers through it only then.
	Masquerade bool
}

// Publish adds the service's rules to the namespace. As with kube-proxy's nftables mode,
// what conntrack calls invalid is not dropped.
func Publish(ns *netns.NS, s Service) error {
	return change(ns, "publish "+s.Address.String(), func(c *nftables.Conn) {
		table := c.AddTable(&nftables.Table{Family: family(s.Address.Addr()), Name: "nat"})
		in := chain(c, table, nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest)
		for _, protocol := range []byte{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
			rule(c, in, append(s.match(protocol), s.translate()...)...)
		}
		if s.Masquerade {
			out := chain(c, table, nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource)
			rule(c, out, append(translated(), &expr.Masq{})...)
		}
	})
}

// OnlyFrom drops what would be forwarded to the interface out unless it came by in.
func OnlyFrom(ns *netns.NS, in, out string) error {
	return change(ns, "guard "+out, func(c *nftables.Conn) {
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "guard"})
		forward := chain(c, table, nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter)
		rule(
			c, forward,
			&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name(out)},
			&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
			&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: name(in)},
			&expr.Verdict{Kind: expr.VerdictDrop},
		)
	})
}

// change makes changes to the namespace's rules, all or none of them.
func change(ns *netns.NS, verb string, changes func(*nftables.Conn)) error {
	err := ns.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		changes(c)
		return c.Flush()
	})
	if err != nil {
		return fmt.Errorf("%s in namespace %s: %w", verb, ns.Name, err)
	}
	return nil
}

// chain adds a chain that is called like its hook.
func chain(c *nftables.Conn, table *nftables.Table, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority) *nftables.Chain {
	return c.AddChain(&nftables.Chain{
		Name: fmt.Sprint("hook", *hook), Table: table, Type: kind, Hooknum: hook, Priority: priority,
	})
}

func rule(c *nftables.Conn, in *nftables.Chain, exprs ...expr.Any) {
	c.AddRule(&nftables.Rule{Table: in.Table, Chain: in, Exprs: exprs})
}

// match is true for packets of the protocol to the service's address.
func (s Service) match(protocol byte) []expr.Any {
	address := s.Address.Addr().AsSlice()
	offset := uint32(16) // of the destination in an IPv4 header
	if s.Address.Addr().Is6() {
		offset = 24
	}
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(len(address))},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: address},
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binary.BigEndian.AppendUint16(nil, s.Address.Port())},
	}
}

// translate changes the destination to the backend.
func (s Service) translate() []expr.Any {
	family := uint32(unix.NFPROTO_IPV4)
	if s.Backend.Addr().Is6() {
		family = unix.NFPROTO_IPV6
	}
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: s.Backend.Addr().AsSlice()},
		&expr.Immediate{Register: 2, Data: binary.BigEndian.AppendUint16(nil, s.Backend.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: family, RegAddrMin: 1, RegProtoMin: 2},
	}
}

// translated is true for packets whose destination was changed (IPS_DST_NAT).
func translated() []expr.Any {
	const changed = 1 << 5
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATUS, Register: 1},
		&expr.Bitwise{
			SourceRegister: 1, DestRegister: 1, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(changed), Xor: binaryutil.NativeEndian.PutUint32(0),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(0)},
	}
}

func family(address netip.Addr) nftables.TableFamily {
	if address.Is6() {
		return nftables.TableFamilyIPv6
	}
	return nftables.TableFamilyIPv4
}

// name is an interface's name as the kernel compares it, with all its room.
func name(s string) []byte { return append([]byte(s), make([]byte, unix.IFNAMSIZ-len(s))...) }

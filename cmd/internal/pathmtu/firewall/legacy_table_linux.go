package firewall

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"golang.org/x/sys/unix"
)

// legacyLayout says where the fields of an entry are: struct ipt_entry or ip6t_entry.
type legacyLayout struct {
	family        nftables.TableFamily
	program       string
	names         string // file with the names of tables
	domain, level int

	masks             [2]int // of source and destination, from and to
	inName, outName   int
	inMask, outMask   int
	protocol          int
	flags, inverted   int
	target, next, end int // offsets of the target and of the next entry; the length of the entry
}

var (
	legacy4 = &legacyLayout{
		nftables.TableFamilyIPv4, "iptables-legacy", "ip_tables_names", unix.AF_INET, unix.IPPROTO_IP,
		[2]int{8, 16},
		16, 32, 48, 64, 80, 82, 83, 88, 90, 112,
	}
	legacy6 = &legacyLayout{
		nftables.TableFamilyIPv6, "ip6tables-legacy", "ip6_tables_names", unix.AF_INET6, unix.IPPROTO_IPV6,
		[2]int{32, 64},
		64, 80, 96, 112, 128, 131, 132, 140, 142, 168,
	}
)

// Bits of flags and inverted.
const (
	legacyFragment, legacyGoto       = 1, 2 // IPT_F_FRAG, IPT_F_GOTO
	legacyProtocol6, legacyGoto6     = 1, 4 // IP6T_F_PROTO, IP6T_F_GOTO
	legacyNotIn, legacyNotOut        = 1, 2 // IPT_INV_VIA_IN, IPT_INV_VIA_OUT
	legacyNotFragment, legacyNotProt = 0x20, 0x40
)

// legacyTable is a table as the kernel gives it out: entries one behind the other. A chain of
// a hook begins where info.starts says and ends with its policy; another one begins
// behind an entry with the target ERROR, which has its name.
type legacyTable struct {
	layout   *legacyLayout
	name     string
	priority *nftables.ChainPriority
	info     legacyInfo
	entries  []byte
}

// legacyHooks are the names of chains by the numbers of their hooks.
var legacyHooks = [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}

// addTo adds the table's chains, with its rules in the form of nftables: their handles are
// their numbers.
func (t *legacyTable) addTo(r *Rules) {
	table := &nftables.Table{Family: t.layout.family, Name: legacyPrefix + t.name}
	chains := t.chains(table)
	names := map[int]string{}
	for start, c := range chains {
		names[start] = c.Name
		r.chains[keyOf(c)] = c
	}
	var at *nftables.Chain
	for offset, e := range t.all() {
		if c := chains[offset]; c != nil {
			at = c
			if c.Hooknum != nil {
				r.bases = append(r.bases, c)
			}
		}
		if e.targetName() == legacyError || at == nil {
			continue
		}
		if at.Hooknum != nil && offset == int(t.info.underflow[*at.Hooknum]) {
			if v := e.verdict(names, offset); v != nil && v.Kind == expr.VerdictDrop {
				drop := nftables.ChainPolicyDrop
				at.Policy = &drop
			}
			at = nil
			continue
		}
		key := keyOf(at)
		r.rules[key] = append(r.rules[key], &nftables.Rule{
			Table: table, Chain: at, Handle: uint64(len(r.rules[key]) + 1), Exprs: e.exprs(names, offset),
		})
	}
}

// chains returns the table's chains by the offsets of their first rules.
func (t *legacyTable) chains(table *nftables.Table) map[int]*nftables.Chain {
	chains := map[int]*nftables.Chain{}
	for offset, e := range t.all() {
		if e.targetName() == legacyError {
			chains[offset+len(e.data)] = &nftables.Chain{Name: text(e.targetData()), Table: table}
		}
	}
	for hook, name := range legacyHooks {
		if t.info.hooks&(1<<hook) != 0 {
			chains[int(t.info.starts[hook])] = &nftables.Chain{
				Name: name, Table: table, Type: nftables.ChainTypeFilter,
				Hooknum: nftables.ChainHookRef(nftables.ChainHook(hook)), Priority: t.priority,
			}
		}
	}
	return chains
}

// all iterates over the entries with their offsets.
func (t *legacyTable) all() func(yield func(int, legacyEntry) bool) {
	l := t.layout
	return func(yield func(int, legacyEntry) bool) {
		for offset := 0; offset+l.end <= len(t.entries); {
			rest := t.entries[offset:]
			target, next := int(binary.NativeEndian.Uint16(rest[l.target:])), int(binary.NativeEndian.Uint16(rest[l.next:]))
			if target < l.end || next < target+legacyHeader || next > len(rest) {
				return // what the kernel does not make
			}
			if !yield(offset, legacyEntry{l, rest[:next], rest[l.end:target], rest[target:next]}) {
				return
			}
			offset += next
		}
	}
}

// legacyEntry is a rule.
type legacyEntry struct {
	*legacyLayout
	data, matches, target []byte
}

// legacyHeader is the length of struct xt_entry_match and xt_entry_target: length, name and
// revision.
const legacyHeader = 32

const legacyError = "ERROR"

func (e legacyEntry) targetName() string { return text(e.target[2 : legacyHeader-1]) }
func (e legacyEntry) targetData() []byte { return e.target[legacyHeader:] }

// verdict returns what the standard target does; nil is to go on with the next rule.
func (e legacyEntry) verdict(names map[int]string, offset int) *expr.Verdict {
	const accept, drop, queue, again = -2, -1, -4, -5 // -NF_ACCEPT - 1 ..., XT_RETURN
	if len(e.targetData()) < 4 {
		return nil
	}
	to := int(int32(binary.NativeEndian.Uint32(e.targetData())))
	kind := expr.VerdictJump
	switch {
	case to == accept:
		return &expr.Verdict{Kind: expr.VerdictAccept}
	case to == drop:
		return &expr.Verdict{Kind: expr.VerdictDrop}
	case to == queue:
		return &expr.Verdict{Kind: expr.VerdictQueue}
	case to == again:
		return &expr.Verdict{Kind: expr.VerdictReturn}
	case to == offset+len(e.data):
		return nil
	case e.isGoto():
		kind = expr.VerdictGoto
	}
	return &expr.Verdict{Kind: kind, Chain: names[to]}
}

func (e legacyEntry) isGoto() bool {
	if e.family == nftables.TableFamilyIPv6 {
		return e.data[e.flags]&legacyGoto6 != 0
	}
	return e.data[e.flags]&legacyGoto != 0
}

// exprs returns the rule as nftables has one of iptables-nft.
func (e legacyEntry) exprs(names map[int]string, offset int) []expr.Any {
	all := e.headers()
	for rest := e.matches; len(rest) >= legacyHeader; {
		length := int(binary.NativeEndian.Uint16(rest))
		if length < legacyHeader || length > len(rest) {
			break
		}
		all = append(all, e.match(rest[:length]))
		rest = rest[length:]
	}
	if name := e.targetName(); name != "" {
		return append(all, &expr.Target{Name: name})
	}
	if v := e.verdict(names, offset); v != nil {
		all = append(all, v)
	}
	return all
}

func (e legacyEntry) match(data []byte) expr.Any {
	name, revision := text(data[2:legacyHeader-1]), uint32(data[legacyHeader-1])
	info, err := xt.Unmarshal(name, xt.TableFamily(e.family), revision, data[legacyHeader:])
	if err != nil {
		info = &xt.Unknown{} // which decides nothing
	}
	return &expr.Match{Name: name, Rev: revision, Info: info}
}

// masked returns a name without the + that stands for any ending.
func masked(name, mask []byte) []byte {
	bits := make([]byte, len(name))
	for i := range name {
		bits[i] = name[i] & mask[i]
	}
	return bits
}

// headers returns the conditions on interfaces, addresses and the protocol.
func (e legacyEntry) headers() (all []expr.Any) {
	inverted := e.data[e.inverted]
	op := func(bit byte) expr.CmpOp {
		if inverted&bit != 0 {
			return expr.CmpOpNeq
		}
		return expr.CmpOpEq
	}
	for _, i := range []struct {
		key        expr.MetaKey
		name, mask int
		inverted   byte
	}{{expr.MetaKeyIIFNAME, e.inName, e.inMask, legacyNotIn}, {expr.MetaKeyOIFNAME, e.outName, e.outMask, legacyNotOut}} {
		name, mask := e.data[i.name:i.name+unix.IFNAMSIZ], e.data[i.mask:i.mask+unix.IFNAMSIZ]
		if allZero(mask) {
			continue
		}
		all = append(all, &expr.Meta{Key: i.key, Register: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: unix.IFNAMSIZ, Mask: mask, Xor: make([]byte, unix.IFNAMSIZ)},
			&expr.Cmp{Op: op(i.inverted), Register: 1, Data: masked(name, mask)})
	}
	if !allZero(e.data[e.masks[0]:e.masks[1]]) {
		// Whose address it is, is not known.
		all = append(all, &expr.Fib{Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{0}})
	}
	v6 := e.family == nftables.TableFamilyIPv6
	protocol := byte(binary.NativeEndian.Uint16(e.data[e.protocol:]))
	if protocol != 0 && (!v6 || e.data[e.flags]&legacyProtocol6 != 0) {
		all = append(all, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Op: op(legacyNotProt), Register: 1, Data: []byte{protocol}})
	}
	if !v6 && e.data[e.flags]&legacyFragment != 0 {
		// The message is none of the fragments behind the first one.
		all = append(all, &expr.Immediate{Register: 1, Data: []byte{0}},
			&expr.Cmp{Op: op(legacyNotFragment), Register: 1, Data: []byte{1}})
	}
	return all
}

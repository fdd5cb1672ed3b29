package firewall

import (
	"bytes"
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"golang.org/x/sys/unix"
)

// evaluation evaluates a rule: registers hold what is known.
type evaluation struct {
	*walk
	table *nftables.Table
	data  [registersLen]byte
	known [registersLen]bool
}

// registersLen is the length of the verdict's and four other registers of 16 bytes, which are
// also 16 of 4 bytes (linux/netfilter/nf_tables.h, nft_registers).
const registersLen = 80

// at returns where a register begins, or -1.
func at(register uint32) int {
	const first32, width, width32 = 8, 16, 4
	switch {
	case register >= 1 && register <= 4:
		return int(register) * width
	case register >= first32 && register < first32+16:
		return width + int(register-first32)*width32
	}
	return -1
}

// set writes a register; nil is unknown.
func (e *evaluation) set(register uint32, value []byte) {
	start := at(register)
	if start < 0 {
		return
	}
	const unit, whole = 4, 16
	length := max(len(value), unit) // shorter values are filled up with zeros
	if value == nil {
		length = whole
	}
	for i := range min(length, registersLen-start) {
		e.known[start+i] = value != nil
		e.data[start+i] = 0
	}
	copy(e.data[start:], value)
}

// get returns a register's value, and whether all of it is known.
func (e *evaluation) get(register uint32, length int) ([]byte, bool) {
	start := at(register)
	if start < 0 || start+length > registersLen {
		return nil, false
	}
	for _, known := range e.known[start : start+length] {
		if !known {
			return nil, false
		}
	}
	return e.data[start : start+length], true
}

// rule returns a rule's verdict, if it has one that may apply, the chain that it jumps to, and
// whether its conditions hold.
func (e *evaluation) rule(r *nftables.Rule) (v *expr.Verdict, jump string, holds truth) {
	for _, x := range r.Exprs {
		var result truth
		switch x := x.(type) {
		case *expr.Verdict:
			return x, x.Chain, holds
		case *expr.Reject:
			return &expr.Verdict{Kind: expr.VerdictDrop}, "", holds
		case *expr.Target:
			switch x.Name {
			case "REJECT", "DROP":
				return &expr.Verdict{Kind: expr.VerdictDrop}, "", holds
			case "NFQUEUE":
				return &expr.Verdict{Kind: expr.VerdictQueue}, "", holds
			}
			continue
		case *expr.Lookup:
			var mapped *expr.Verdict
			if mapped, result = e.lookup(x); mapped != nil {
				return mapped, mapped.Chain, holds
			}
		default:
			result = e.condition(x)
		}
		switch result {
		case no:
			return nil, "", no
		case maybe:
			holds = maybe
		}
	}
	return nil, "", holds
}

// condition evaluates what is no verdict.
func (e *evaluation) condition(x expr.Any) truth {
	switch x := x.(type) {
	case *expr.Counter, *expr.Log, *expr.Notrack, *expr.Objref, *expr.Immediate:
		if i, ok := x.(*expr.Immediate); ok {
			e.set(i.Register, i.Data)
		}
		return yes
	case *expr.Meta:
		if !x.SourceRegister {
			e.set(x.Register, e.message.meta(x.Key))
		}
		return yes
	case *expr.Payload:
		if x.OperationType == expr.PayloadLoad {
			e.set(x.DestRegister, e.message.payload(x.Base, int(x.Offset), int(x.Len)))
		}
		return yes
	case *expr.Ct:
		if !x.SourceRegister {
			e.set(x.Register, e.message.ct(x.Key))
		}
		return yes
	case *expr.Bitwise:
		e.bitwise(x)
		return yes
	case *expr.Cmp:
		return e.compare(x)
	case *expr.Range:
		return e.inRange(x)
	case *expr.Match:
		return e.message.match(x)
	case *expr.Fib:
		e.set(x.Register, nil)
		return yes
	case *expr.Numgen:
		e.set(x.Register, nil)
		return yes
	case *expr.Hash:
		e.set(x.DestRegister, nil)
		return yes
	case *expr.Rt:
		e.set(x.Register, nil)
		return yes
	case *expr.Exthdr:
		e.set(x.DestRegister, nil)
		return yes
	case *expr.Socket:
		e.set(x.Register, nil)
		return yes
	}
	return maybe
}

func (e *evaluation) bitwise(x *expr.Bitwise) {
	value, known := e.get(x.SourceRegister, int(x.Len))
	if !known || len(x.Mask) < len(value) || len(x.Xor) < len(value) {
		e.set(x.DestRegister, nil)
		return
	}
	result := make([]byte, len(value))
	for i := range value {
		result[i] = value[i]&x.Mask[i] ^ x.Xor[i]
	}
	e.set(x.DestRegister, result)
}

func (e *evaluation) compare(x *expr.Cmp) truth {
	value, known := e.get(x.Register, len(x.Data))
	if !known {
		return maybe
	}
	order := bytes.Compare(value, x.Data)
	return truthOf(map[expr.CmpOp]bool{
		expr.CmpOpEq: order == 0, expr.CmpOpNeq: order != 0, expr.CmpOpLt: order < 0,
		expr.CmpOpLte: order <= 0, expr.CmpOpGt: order > 0, expr.CmpOpGte: order >= 0,
	}[x.Op])
}

func (e *evaluation) inRange(x *expr.Range) truth {
	value, known := e.get(x.Register, len(x.FromData))
	if !known {
		return maybe
	}
	in := bytes.Compare(value, x.FromData) >= 0 && bytes.Compare(value, x.ToData) <= 0
	return truthOf(in == (x.Op == expr.CmpOpEq))
}

// lookup looks a value up in a set, or a verdict in a map.
func (e *evaluation) lookup(x *expr.Lookup) (*expr.Verdict, truth) {
	elements := e.rules.elements(e.table, x.SetName)
	verdicts := x.IsDestRegSet && x.DestRegister == unix.NFT_REG_VERDICT
	if len(elements) == 0 {
		return nil, truthOf(x.Invert)
	}
	value, known := e.get(x.SourceRegister, len(elements[0].key))
	if !known {
		if verdicts {
			e.mayPass = true // one of its verdicts may be to accept
		}
		return nil, maybe
	}
	found := find(elements, value)
	switch {
	case found == nil || verdicts && found.verdict == nil:
		return nil, truthOf(x.Invert)
	case verdicts:
		return found.verdict, yes
	case x.IsDestRegSet:
		e.set(x.DestRegister, found.value)
		return nil, yes
	}
	return nil, truthOf(!x.Invert)
}

// find returns the element that holds a value: in a set of intervals the one that begins at or
// before it, if that is no end.
func find(elements []element, value []byte) (found *element) {
	intervals := false
	for i := range elements {
		intervals = intervals || elements[i].end
		if bytes.Equal(elements[i].key, value) && !elements[i].end {
			return &elements[i]
		}
	}
	if !intervals {
		return nil
	}
	for i := range elements {
		e := &elements[i]
		if bytes.Compare(e.key, value) <= 0 && (found == nil || bytes.Compare(e.key, found.key) > 0) {
			found = e
		}
	}
	if found != nil && found.end {
		return nil
	}
	return found
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// match evaluates a match of iptables.
func (m Message) match(x *expr.Match) truth {
	switch x.Name {
	case "comment":
		return yes
	case "icmp", "icmp6":
		return m.icmpMatch(x)
	case "conntrack":
		switch info := x.Info.(type) {
		case *xt.ConntrackMtinfo3:
			return m.stateMatch(info.MatchFlags, info.InvertFlags, uint32(info.StateMask))
		case *xt.ConntrackMtinfo2:
			return m.stateMatch(info.MatchFlags, info.InvertFlags, uint32(info.StateMask))
		}
	}
	return maybe
}

// stateMatch evaluates --ctstate, whose bits are those of nf_tables.
func (m Message) stateMatch(flags, invert uint16, mask uint32) truth {
	const state = 1 // XT_CONNTRACK_STATE
	if flags != state {
		return maybe
	}
	return truthOf((mask&m.state() != 0) == (invert&state == 0))
}

// icmpMatch evaluates struct ipt_icmp or ip6t_icmp: type, codes from and to, inverted.
func (m Message) icmpMatch(x *expr.Match) truth {
	info, ok := x.Info.(*xt.Unknown)
	if !ok || len(*info) < 4 {
		return maybe
	}
	const anyType = 0xff
	want := *info
	typ, code := m.typeAndCode()
	in := (want[0] == anyType || want[0] == typ) && want[1] <= code && code <= want[2]
	return truthOf(in == (want[3] == 0))
}

func (m Message) typeAndCode() (typ, code byte) {
	if m.IPv6 {
		return 2, 0
	}
	return 3, 4
}

// state is conntrack's as nf_tables has it.
func (m Message) state() uint32 {
	if m.Invalid {
		return expr.CtStateBitINVALID
	}
	return expr.CtStateBitRELATED
}

func (m Message) ct(key expr.CtKey) []byte {
	if key == expr.CtKeySTATE {
		return binary.NativeEndian.AppendUint32(nil, m.state())
	}
	return nil
}

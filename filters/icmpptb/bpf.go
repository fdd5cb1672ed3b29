package icmpptb

import (
	"slices"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Jump targets of the program, resolved by assemble.
const (
	next   = "" // the following instruction
	ipv4   = "ipv4"
	ipv6   = "ipv6"
	accept = "accept"
	reject = "reject"
)

// step is an instruction with a label before it, or a jump on a comparison of the
// accumulator with names for its targets.
type step struct {
	label string
	load  bpf.Instruction // nil for a jump

	test    bpf.JumpTest
	value   uint32
	yes, no string
}

func jumpEqual(value uint32, yes, no string) step {
	return step{test: bpf.JumpEqual, value: value, yes: yes, no: no}
}

// kernelFilter is the original daemon's filter as a program, but for its last line:
//
//	((icmp and icmp[0] == 3 and icmp[1] == 4) or
//	 (icmp6 and ip6[40+0] == 2 and ip6[40+1] == 0)) and
//	(not ether[0] & 1 != 0)
//
// The original asks for another destination than ff:ff:ff:ff:ff:ff; here frames to any
// group of hosts are copies. There is none for link types that the kernel does not capture.
func kernelFilter(link linklayer.Type, snaplen uint32) []bpf.Instruction {
	switch link {
	case linklayer.Ethernet:
		return assemble(slices.Concat(toOneHost(), byEtherType(), body(14)), snaplen)
	case linklayer.Raw:
		return assemble(slices.Concat(byVersion(), body(0)), snaplen)
	}
	return nil
}

// toOneHost rejects frames whose destination has the group bit.
func toOneHost() []step {
	return []step{
		{load: bpf.LoadAbsolute{Off: 0, Size: 1}},
		{test: bpf.JumpBitsSet, value: 1, yes: reject, no: next},
	}
}

func byEtherType() []step {
	return []step{
		{load: bpf.LoadAbsolute{Off: 12, Size: 2}},
		jumpEqual(linklayer.EtherTypeIPv4, ipv4, next),
		jumpEqual(linklayer.EtherTypeIPv6, ipv6, reject),
	}
}

func byVersion() []step {
	return []step{
		{load: bpf.LoadAbsolute{Off: 0, Size: 1}},
		{load: bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0}},
		jumpEqual(0x40, ipv4, next),
		jumpEqual(0x60, ipv6, reject),
	}
}

// body looks at an IP header at offset ip. A load outside of the packet rejects it.
func body(ip uint32) []step {
	return []step{
		{label: ipv4, load: bpf.LoadAbsolute{Off: ip + 9, Size: 1}},
		jumpEqual(1, next, reject),
		{load: bpf.LoadAbsolute{Off: ip + 6, Size: 2}},
		{test: bpf.JumpBitsSet, value: 0x1fff, yes: reject, no: next},
		{load: bpf.LoadMemShift{Off: ip}},
		{load: bpf.LoadIndirect{Off: ip, Size: 2}},
		jumpEqual(3<<8|4, accept, reject),

		{label: ipv6, load: bpf.LoadAbsolute{Off: ip + 6, Size: 1}},
		jumpEqual(58, next, reject),
		{load: bpf.LoadAbsolute{Off: ip + 40, Size: 2}},
		jumpEqual(2<<8, accept, reject),
	}
}

// assemble resolves the jumps and ends the program with accept and reject.
func assemble(steps []step, snaplen uint32) []bpf.Instruction {
	target := map[string]int{accept: len(steps), reject: len(steps) + 1}
	for i, s := range steps {
		if s.label != "" {
			target[s.label] = i
		}
	}
	skip := func(from int, label string) uint8 {
		if label == next {
			return 0
		}
		return uint8(target[label] - from - 1)
	}
	program := make([]bpf.Instruction, 0, len(steps)+2)
	for i, s := range steps {
		if s.load != nil {
			program = append(program, s.load)
			continue
		}
		program = append(program, bpf.JumpIf{
			Cond: s.test, Val: s.value, SkipTrue: skip(i, s.yes), SkipFalse: skip(i, s.no),
		})
	}
	return append(program, bpf.RetConstant{Val: snaplen}, bpf.RetConstant{Val: 0})
}

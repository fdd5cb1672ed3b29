package icmpptb

import (
	"encoding/binary"
	"slices"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Jump targets of the program, resolved by assemble.
const (
	next    = "" // the following instruction
	ipv4    = "ipv4"
	ipv6    = "ipv6"
	copies  = "copies" // to all hosts or a group of them
	copies6 = "copies, not of IPv4"
	accept  = "accept"
	reject  = "reject"
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
// group of hosts are copies, of which only canaries may be wanted. There is none for link types
// that the kernel does not capture.
func kernelFilter(link linklayer.Type, snaplen uint32, canaries bool) []bpf.Instruction {
	switch {
	case link == linklayer.Ethernet && canaries:
		return assemble(slices.Concat(toOneHost(copies), byEtherType(), body(14), broadcastCanary()), snaplen)
	case link == linklayer.Ethernet:
		return assemble(slices.Concat(toOneHost(reject), byEtherType(), body(14)), snaplen)
	case link == linklayer.Raw:
		return assemble(slices.Concat(byVersion(), body(0)), snaplen)
	}
	return nil
}

// toOneHost has frames whose destination has the group bit go to a label.
func toOneHost(others string) []step {
	return []step{
		{load: bpf.LoadAbsolute{Off: 0, Size: 1}},
		{test: bpf.JumpBitsSet, value: 1, yes: others, no: next},
	}
}

// broadcastCanary accepts a canary of package canary that was sent to all hosts: it has no IP options, next-hop
// MTU 0, and quotes a packet of the protocol that begins with the magic. Other frames to all or to
// a group are rejected after a few loads.
func broadcastCanary() []step {
	magic := binary.BigEndian.Uint32([]byte(canary.Magic))
	const ip = wire.EthernetLen
	const quoted4 = ip + wire.IPv4Len + wire.ICMPLen
	const quoted6 = ip + wire.IPv6Len + wire.ICMPLen
	return []step{
		{label: copies, load: bpf.LoadAbsolute{Off: 12, Size: 2}},
		jumpEqual(linklayer.EtherTypeIPv4, next, copies6),
		{load: bpf.LoadAbsolute{Off: ip + 9, Size: 1}},
		jumpEqual(1, next, reject),
		{load: bpf.LoadAbsolute{Off: ip, Size: 1}},
		jumpEqual(0x45, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted4 - wire.ICMPLen, Size: 2}},
		jumpEqual(3<<8|4, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted4 - 2, Size: 2}},
		jumpEqual(0, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted4 + 9, Size: 1}},
		jumpEqual(canary.Protocol, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted4 + wire.IPv4Len, Size: 4}},
		jumpEqual(magic, accept, reject),

		{label: copies6, load: bpf.LoadAbsolute{Off: 12, Size: 2}},
		jumpEqual(linklayer.EtherTypeIPv6, next, reject),
		{load: bpf.LoadAbsolute{Off: ip + 6, Size: 1}},
		jumpEqual(58, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted6 - wire.ICMPLen, Size: 2}},
		jumpEqual(2<<8, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted6 - 4, Size: 4}},
		jumpEqual(0, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted6 + 6, Size: 1}},
		jumpEqual(canary.Protocol, next, reject),
		{load: bpf.LoadAbsolute{Off: quoted6 + wire.IPv6Len, Size: 4}},
		jumpEqual(magic, accept, reject),
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

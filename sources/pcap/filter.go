package pcap

import (
	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Packet types of linux/if_packet.h.
const (
	packetOtherHost = 3
	packetOutgoing  = 4
)

// program returns what decides in the kernel: the direction and whether packets to other hosts
// count, then what the pipeline's first filter asks for, if anything, and whether it does.
func (s *source) program(link linklayer.Type) (program []bpf.Instruction, selects bool) {
	var rest []bpf.Instruction
	if s.kernelFilter != nil {
		rest = s.kernelFilter(link, uint32(s.Snaplen))
	}
	selects = rest != nil
	if !selects {
		rest = []bpf.Instruction{bpf.RetConstant{Val: uint32(s.Snaplen)}}
	}
	return append(byType(s.Direction, s.Promiscuous), rest...), selects
}

// byType returns a program that drops packets of unwanted types; what it does not
// drop falls out at its end.
func byType(d Direction, promiscuous bool) []bpf.Instruction {
	load := bpf.LoadExtension{Num: bpf.ExtType}
	drop := bpf.RetConstant{Val: 0}
	unless := func(test bpf.JumpTest, value uint32) []bpf.Instruction {
		return []bpf.Instruction{load, bpf.JumpIf{Cond: test, Val: value, SkipTrue: 1}, drop}
	}
	switch {
	case d == Out:
		return unless(bpf.JumpEqual, packetOutgoing)
	case d == In && promiscuous:
		return unless(bpf.JumpNotEqual, packetOutgoing)
	case d == In:
		return unless(bpf.JumpLessThan, packetOtherHost)
	case promiscuous:
		return nil
	}
	return unless(bpf.JumpNotEqual, packetOtherHost)
}

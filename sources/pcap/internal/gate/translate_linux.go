package gate

import (
	"fmt"

	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
)

// Offset in struct __sk_buff (linux/bpf.h).
const skbType = 4

// translate turns a classic program into eBPF. What it accepts goes to the label selected, with
// the length to keep in snaplen. A is R0; X is index. The kernel does the same with programs that
// a socket is given (bpf_convert_filter in net/core/filter.c).
func translate(classic []bpf.Instruction) (asm.Instructions, error) {
	var all asm.Instructions
	for i, in := range classic {
		part, err := translateOne(in, i)
		if err != nil {
			return nil, fmt.Errorf("translate classic BPF: instruction %d: %w", i, err)
		}
		part[0] = part[0].WithSymbol(label(i))
		all = append(all, part...)
	}
	return all, nil
}

// label is that of instruction i.
func label(i int) string { return fmt.Sprint("classic ", i) }

// translateOne translates instruction i.
func translateOne(in bpf.Instruction, i int) (asm.Instructions, error) {
	switch in := in.(type) {
	case bpf.LoadAbsolute:
		return asm.Instructions{asm.LoadAbs(int32(in.Off), size(in.Size))}, nil
	case bpf.LoadIndirect:
		return asm.Instructions{asm.LoadInd(asm.R0, index, int32(in.Off), size(in.Size))}, nil
	case bpf.LoadMemShift:
		return loadMemShift(in), nil
	case bpf.LoadExtension:
		if in.Num == bpf.ExtType {
			return asm.Instructions{asm.LoadMem(asm.R0, context, skbType, asm.Word)}, nil
		}
	case bpf.ALUOpConstant:
		if in.Op == bpf.ALUOpAnd {
			return asm.Instructions{asm.And.Imm32(asm.R0, int32(in.Val))}, nil
		}
	case bpf.Jump:
		return asm.Instructions{asm.Ja.Label(label(i + 1 + int(in.Skip)))}, nil
	case bpf.JumpIf:
		return jump(in, i)
	case bpf.RetConstant:
		return ret(in), nil
	}
	return nil, fmt.Errorf("%v has no translation", in)
}

func size(bytes int) asm.Size {
	switch bytes {
	case 1:
		return asm.Byte
	case 2:
		return asm.Half
	}
	return asm.Word
}

// loadMemShift sets X to the length of an IPv4 header; A stays.
func loadMemShift(in bpf.LoadMemShift) asm.Instructions {
	const a = snaplen // is not in use yet
	return asm.Instructions{
		asm.Mov.Reg(a, asm.R0),
		asm.LoadAbs(int32(in.Off), asm.Byte),
		asm.And.Imm(asm.R0, 0xf),
		asm.LSh.Imm(asm.R0, 2),
		asm.Mov.Reg(index, asm.R0),
		asm.Mov.Reg(asm.R0, a),
	}
}

var comparisons = map[bpf.JumpTest]asm.JumpOp{
	bpf.JumpEqual: asm.JEq, bpf.JumpNotEqual: asm.JNE,
	bpf.JumpLessThan: asm.JLT, bpf.JumpLessOrEqual: asm.JLE,
	bpf.JumpGreaterThan: asm.JGT, bpf.JumpGreaterOrEqual: asm.JGE,
	bpf.JumpBitsSet: asm.JSet, bpf.JumpBitsNotSet: asm.JSet,
}

// jump compares A with a constant.
func jump(in bpf.JumpIf, i int) (asm.Instructions, error) {
	op, known := comparisons[in.Cond]
	if !known {
		return nil, fmt.Errorf("unknown comparison %d", in.Cond)
	}
	yes, no := label(i+1+int(in.SkipTrue)), label(i+1+int(in.SkipFalse))
	if in.Cond == bpf.JumpBitsNotSet {
		yes, no = no, yes
	}
	return asm.Instructions{op.Imm32(asm.R0, int32(in.Val), yes), asm.Ja.Label(no)}, nil
}

func ret(in bpf.RetConstant) asm.Instructions {
	if in.Val == 0 {
		return asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	}
	return asm.Instructions{asm.Mov.Imm32(snaplen, int32(in.Val)), asm.Ja.Label(selected)}
}

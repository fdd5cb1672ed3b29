package gate

import (
	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// The map's one value: two times, counters on lines of their own, which processors share as
// little as possible, and the lines of tags.
const (
	lineLen        = 64
	counters       = 64
	lines          = 1 << 14
	allUntil       = 0
	newcomersUntil = 8
	countersAt     = lineLen
	linesAt        = countersAt + counters*lineLen
	mapSize        = linesAt + lines*lineLen
)

// A line is a queue of tags, two in a word, the newest one in the lower half of the first.
const (
	wordLen  = 8
	tagBits  = 32
	lineBits = 6 // of an offset in a line
)

// In both halves of a word, one, and the highest bit.
const (
	ones  = 0x0000_0001_0000_0001
	highs = 0x8000_0000_8000_0000 - 1<<64
)

// Registers that calls and loads from the packet leave alone.
const (
	context = asm.R6
	index   = asm.R7 // the classic program's X, then the packet's length, then the IP header's
	seen    = asm.R7 // at last, whether the sender asked before
	hash    = asm.R8
	snaplen = asm.R9
)

// Labels.
const (
	selected = "selected"
	ipv6     = "ipv6"
	unknown  = "unknown"
	remember = "remember"
	decide   = "decide"
	accept   = "accept"
	refuse   = "refuse"
)

// Offsets in an IP packet with an ICMP error, which quotes a packet. That of IPv4 is behind the
// outer header, which may have options.
const (
	protocol4, src4 = 9, 12
	quotedDst4      = wire.ICMPLen + 16
	tailLen4        = wire.ICMPLen + wire.IPv4Len

	protocol6, src6 = 6, 8
	quotedDst6      = wire.IPv6Len + wire.ICMPLen + 24
	addressLen6     = 16
	headLen6        = quotedDst6 + addressLen6
)

// ICMP types: that of IPv4 which PTBs have (RFC 792), and from where on messages of ICMPv6 are no
// errors (RFC 4443).
const (
	unreachable4 = 3
	noError6     = 128
)

// Offset in struct __sk_buff (linux/bpf.h).
const skbLen = 0

// program is a classic program with the gate behind it.
func program(classic []bpf.Instruction, header, memory int, secret uint64) (asm.Instructions, error) {
	all := asm.Instructions{asm.Mov.Reg(context, asm.R1)}
	translated, err := translate(classic)
	if err != nil {
		return nil, err
	}
	for _, part := range []asm.Instructions{
		translated, ask(int32(header), secret), look(memory), decision(memory),
	} {
		all = append(all, part...)
	}
	return all, nil
}

// ask hashes who asks. A load outside of the packet would reject it, so its length is looked at
// first.
func ask(ip int32, secret uint64) asm.Instructions {
	part := asm.Instructions{
		asm.LoadMem(index, context, skbLen, asm.Word).WithSymbol(selected),
		asm.JLE.Imm(index, ip, unknown),
		asm.LoadImm(hash, int64(secret), asm.DWord),
		asm.LoadAbs(ip, asm.Byte),
		asm.Mov.Reg(asm.R2, asm.R0),
		asm.RSh.Imm(asm.R2, 4),
		asm.JEq.Imm(asm.R2, 6, ipv6),
		asm.JNE.Imm(asm.R2, 4, unknown),
		asm.And.Imm(asm.R0, 0xf),
		asm.LSh.Imm(asm.R0, 2),
		asm.Sub.Reg(index, asm.R0),
		asm.JSLT.Imm(index, ip+tailLen4, unknown),
		asm.Mov.Reg(index, asm.R0),
		asm.LoadAbs(ip+src4, asm.Word),
	}
	part = append(part, mix()...)
	part = append(part,
		asm.LoadAbs(ip+protocol4, asm.Byte),
		asm.JNE.Imm(asm.R0, unix.IPPROTO_ICMP, remember),
		asm.LoadInd(asm.R0, index, ip, asm.Byte),
		asm.JNE.Imm(asm.R0, unreachable4, remember),
		asm.LoadInd(asm.R0, index, ip+quotedDst4, asm.Word),
	)
	part = append(part, mix()...)
	part = append(part,
		asm.Ja.Label(remember),
		asm.JLT.Imm(index, ip+headLen6, unknown).WithSymbol(ipv6),
	)
	part = append(part, mixAddress(ip+src6)...)
	part = append(part,
		asm.LoadAbs(ip+protocol6, asm.Byte),
		asm.JNE.Imm(asm.R0, unix.IPPROTO_ICMPV6, remember),
		asm.LoadAbs(ip+wire.IPv6Len, asm.Byte),
		asm.JGE.Imm(asm.R0, noError6, remember),
	)
	part = append(part, mixAddress(ip+quotedDst6)...)
	return append(part,
		asm.Ja.Label(remember),
		asm.Mov.Imm(seen, 1).WithSymbol(unknown),
		asm.Ja.Label(decide),
	)
}

// mixAddress adds an IPv6 address to the hash.
func mixAddress(at int32) (part asm.Instructions) {
	for word := at; word < at+addressLen6; word += 4 {
		part = append(part, asm.LoadAbs(word, asm.Word))
		part = append(part, mix()...)
	}
	return part
}

// mix adds R0 to the hash: a step of FNV with the bits of the product's upper half brought down.
func mix() asm.Instructions {
	const odd = 0x9e3779b97f4a7c15 - 1<<64 // the golden ratio's fraction
	return asm.Instructions{
		asm.Xor.Reg(hash, asm.R0),
		asm.LoadImm(asm.R1, odd, asm.DWord),
		asm.Mul.Reg(hash, asm.R1),
		asm.Mov.Reg(asm.R1, hash),
		asm.RSh.Imm(asm.R1, 32),
		asm.Xor.Reg(hash, asm.R1),
	}
}

// look finds the hash's tag in its line, or puts it there in place of the oldest one.
func look(memory int) asm.Instructions {
	const line, pattern, low, high, word, half = asm.R1, asm.R2, asm.R3, asm.R4, asm.R5, asm.R0
	part := asm.Instructions{
		asm.LoadMapValue(line, memory, linesAt).WithSymbol(remember),
		asm.Mov.Reg(asm.R0, hash),
		asm.RSh.Imm(asm.R0, tagBits),
		asm.And.Imm(asm.R0, lines-1),
		asm.LSh.Imm(asm.R0, lineBits),
		asm.Add.Reg(line, asm.R0),
		asm.And.Imm32(hash, -1), // clears the upper half
		asm.LoadImm(low, ones, asm.DWord),
		asm.LoadImm(high, highs, asm.DWord),
		asm.Mov.Reg(pattern, hash),
		asm.Mul.Reg(pattern, low),
		asm.Mov.Imm(seen, 1),
	}
	for at := int16(0); at < lineLen; at += wordLen {
		// A half is zero where (x - 1) & ^x has its highest bit.
		part = append(part,
			asm.LoadMem(word, line, at, asm.DWord),
			asm.Xor.Reg(word, pattern),
			asm.Mov.Reg(half, word),
			asm.Sub.Reg(half, low),
			asm.Xor.Imm(word, -1),
			asm.And.Reg(half, word),
			asm.JSet.Reg(half, high, decide),
		)
	}
	part = append(part, asm.Mov.Imm(seen, 0))
	for at := int16(lineLen - wordLen); at >= 0; at -= wordLen {
		newer := asm.Instructions{asm.Mov.Reg(half, hash)}
		if at > 0 {
			newer = asm.Instructions{asm.LoadMem(half, line, at-wordLen, asm.DWord), asm.RSh.Imm(half, tagBits)}
		}
		part = append(part, newer...)
		part = append(part,
			asm.LoadMem(word, line, at, asm.DWord),
			asm.LSh.Imm(word, tagBits),
			asm.Or.Reg(word, half),
			asm.StoreMem(line, at, word, asm.DWord),
		)
	}
	return part
}

// decision accepts the packet or counts it.
func decision(memory int) asm.Instructions {
	return asm.Instructions{
		asm.FnKtimeGetNs.Call().WithSymbol(decide),
		asm.LoadMapValue(asm.R1, memory, 0),
		asm.LoadMem(asm.R2, asm.R1, allUntil, asm.DWord),
		asm.JLT.Reg(asm.R0, asm.R2, refuse),
		asm.JNE.Imm(seen, 0, accept),
		asm.LoadMem(asm.R2, asm.R1, newcomersUntil, asm.DWord),
		asm.JLT.Reg(asm.R0, asm.R2, refuse),
		asm.Mov.Reg(asm.R0, snaplen).WithSymbol(accept),
		asm.Return(),

		asm.FnGetSmpProcessorId.Call().WithSymbol(refuse),
		asm.And.Imm(asm.R0, counters-1),
		asm.LSh.Imm(asm.R0, lineBits),
		asm.LoadMapValue(asm.R1, memory, countersAt),
		asm.Add.Reg(asm.R1, asm.R0),
		asm.Mov.Imm(asm.R2, 1),
		asm.AddAtomic.Mem(asm.R1, asm.R2, asm.DWord, 0),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}
}

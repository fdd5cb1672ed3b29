package gate

import (
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/canary"
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
	index   = asm.R7 // the classic program's X, then the length of an IPv4 header
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

// Offsets in IP headers, and the length of an address.
const (
	protocol4, src4, dst4, addressLen4 = 9, 12, 16, 4
	protocol6, src6, dst6, addressLen6 = 6, 8, 24, 16
)

// bufferLen is the length of what is fetched of a packet at most: an ICMP header and the IPv6
// header that it quotes.
const bufferLen = wire.ICMPLen + wire.IPv6Len

// ICMP types: that of IPv4 which PTBs have (RFC 792), and from where on messages of ICMPv6 are no
// errors (RFC 4443).
const (
	unreachable4 = 3
	noError6     = 128
)

// program is the filter with the gate behind it.
func program(c Config, memory int, secret uint64) (asm.Instructions, error) {
	all := asm.Instructions{asm.Mov.Reg(context, asm.R1)}
	translated, err := translate(c.Filter)
	if err != nil {
		return nil, err
	}
	for _, part := range []asm.Instructions{
		translated, c.ask(secret), look(memory), decision(memory),
	} {
		all = append(all, part...)
	}
	return all, nil
}

// ask hashes who asks: the sender, and of an ICMP error the destination of what it quotes.
func (c Config) ask(secret uint64) asm.Instructions {
	ip := int32(c.Header)
	part := asm.Instructions{
		asm.Mov.Imm(asm.R2, ip).WithSymbol(selected),
		asm.LoadImm(hash, int64(secret), asm.DWord),
	}
	part = append(part, fetch(wire.IPv6Len, unknown)...) // IPv4 with an ICMP error is longer, too
	part = append(part,
		fetched(index, 0, asm.Byte),
		asm.Mov.Reg(asm.R0, index),
		asm.RSh.Imm(asm.R0, 4),
		asm.JEq.Imm(asm.R0, 6, ipv6),
		asm.JNE.Imm(asm.R0, 4, unknown),
		asm.And.Imm(index, 0xf),
		asm.LSh.Imm(index, 2),
	)
	part = append(part, mix(src4, addressLen4)...)
	part = append(part,
		fetched(asm.R0, protocol4, asm.Byte),
		asm.JNE.Imm(asm.R0, unix.IPPROTO_ICMP, remember),
		asm.Mov.Reg(asm.R2, index),
		asm.Add.Imm(asm.R2, ip),
	)
	noError := asm.JNE.Imm(asm.R0, unreachable4, remember)
	part = append(part, c.askQuote(noError, wire.IPv4Len, protocol4, dst4, addressLen4)...)

	six := mix(src6, addressLen6)
	six[0] = six[0].WithSymbol(ipv6)
	part = append(part, six...)
	part = append(part,
		fetched(asm.R0, protocol6, asm.Byte),
		asm.JNE.Imm(asm.R0, unix.IPPROTO_ICMPV6, remember),
		asm.Mov.Imm(asm.R2, ip+wire.IPv6Len),
	)
	noError = asm.JGE.Imm(asm.R0, noError6, remember)
	part = append(part, c.askQuote(noError, wire.IPv6Len, protocol6, dst6, addressLen6)...)
	return append(part,
		asm.Mov.Imm(seen, 1).WithSymbol(unknown),
		asm.Ja.Label(decide),
	)
}

// askQuote adds the destination of what an ICMP message at offset R2 quotes, behind an IP header
// of so many bytes, unless noError says of the type in R0 that it quotes nothing.
func (c Config) askQuote(noError asm.Instruction, ipLen int32, protocol, dst, addressLen int16) asm.Instructions {
	part := fetch(wire.ICMPLen+ipLen, remember)
	part = append(part, fetched(asm.R0, 0, asm.Byte), noError)
	part = append(part, c.passCanary(wire.ICMPLen+protocol)...)
	part = append(part, mix(wire.ICMPLen+dst, addressLen)...)
	return append(part, asm.Ja.Label(remember))
}

// passCanary accepts what quotes a packet of the protocol of canaries.
func (c Config) passCanary(protocol int16) asm.Instructions {
	if !c.Canaries {
		return nil
	}
	return asm.Instructions{
		fetched(asm.R0, protocol, asm.Byte),
		asm.JEq.Imm(asm.R0, canary.Protocol, accept),
	}
}

// fetch copies so many bytes of the packet, from offset R2 on, to where fetched finds them. If
// they are not all there, it goes to a label.
func fetch(length int32, short string) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, context),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, -bufferLen),
		asm.Mov.Imm(asm.R4, length),
		asm.FnSkbLoadBytes.Call(),
		asm.JNE.Imm(asm.R0, 0, short),
	}
}

// fetched loads from what was fetched.
func fetched(to asm.Register, at int16, size asm.Size) asm.Instruction {
	return asm.LoadMem(to, asm.RFP, at-bufferLen, size)
}

// mix adds so many bytes of what was fetched to the hash, a word at a time: a step of FNV with the
// bits of the product's upper half brought down.
func mix(at, length int16) (part asm.Instructions) {
	const odd = 0x9e3779b97f4a7c15 - 1<<64 // the golden ratio's fraction
	for end := at + length; at < end; at += 4 {
		part = append(part,
			fetched(asm.R0, at, asm.Word),
			asm.Xor.Reg(hash, asm.R0),
			asm.LoadImm(asm.R1, odd, asm.DWord),
			asm.Mul.Reg(hash, asm.R1),
			asm.Mov.Reg(asm.R1, hash),
			asm.RSh.Imm(asm.R1, 32),
			asm.Xor.Reg(hash, asm.R1),
		)
	}
	return part
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

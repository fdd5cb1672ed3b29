package tpacket

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
)

// MarkLen is the snaplen by which a kernel filter marks a packet that is to be
// counted only. The kernel leaves the one byte in the ring, and nothing else says
// of a packet that a filter saw it: what a filter rejects is counted nowhere.
const MarkLen = 1

// Marks counts marked packets.
type Marks struct {
	// Until is the time up to which all packets are refused, and Second a later one:
	// one packet after Until would pass, and up to then no other. Set by the caller.
	Until, Second pipeline.Instant

	Refused int              // captured when they would have been refused
	Late    int              // captured when they would perhaps have passed
	Last    pipeline.Instant // time stamp of the last one that counts as refused

	first bool // the one after Until has come
}

// Shut resets the times.
func (m *Marks) Shut(until, second pipeline.Instant) {
	m.Until, m.Second, m.first = until, second, false
}

func (m *Marks) add(stamp pipeline.Instant) {
	if stamp < m.Until || m.first && stamp < m.Second {
		m.Refused++
		m.Last = stamp
		return
	}
	m.Late++
	m.first = true
}

// TakeLate returns how many late ones there were since it was asked last.
func (m *Marks) TakeLate() (n int) {
	n, m.Late = m.Late, 0
	return n
}

// CountMarks lets Read count marked packets in m instead of describing them. A
// block that holds nothing else is counted without a look at its packets, which is
// what marks are for. A link's packets must all be longer than a mark.
func (b *Block) CountMarks(m *Marks) {
	b.marks = m
	if b.left == 0 || !b.allMarks() {
		return
	}
	last := pipeline.Instant(binary.NativeEndian.Uint32(b.data[blockLastSec:]))*1e9 +
		pipeline.Instant(binary.NativeEndian.Uint32(b.data[blockLastNsec:]))
	if last >= m.Until {
		return
	}
	m.Refused += b.left
	m.Last = last
	b.left = 0
}

// allMarks reports whether the block is as long as a block of marks: a mark is the
// shortest that a packet can be, and each begins where the one before it ends.
func (b *Block) allMarks() bool {
	first := b.packet()
	if first == nil || !isMark(first) {
		return false
	}
	size := int(binary.NativeEndian.Uint32(first[packetNext:]))
	used := int(binary.NativeEndian.Uint32(b.data[blockUsed:]))
	return size > 0 && used <= len(b.data) && used-b.next == b.left*size
}

// isMark reports whether the packet whose header bytes begins with was marked.
func isMark(data []byte) bool {
	return binary.NativeEndian.Uint32(data[packetSnaplen:]) == MarkLen &&
		binary.NativeEndian.Uint32(data[packetLen:]) > MarkLen
}

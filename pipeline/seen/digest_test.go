package seen_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/seen"
)

// TestEveryBit flips each bit of a packet: it stays the same packet only where a router
// changes it on its way.
func TestEveryBit(t *testing.T) {
	header4, header6 := packet4()[:20], packet6()[:40]
	binary.BigEndian.PutUint16(header4[2:], 20)
	binary.BigEndian.PutUint16(header6[4:], 0)
	for _, tt := range []struct {
		name    string
		bytes   []byte
		message bool
		free    map[int]byte // bits that don't count, by byte
	}{
		{"IPv4", packet4(), false, map[int]byte{1: 0xff, 8: 0xff, 10: 0xff, 11: 0xff}},
		{"IPv4 header alone", header4, false, map[int]byte{1: 0xff, 8: 0xff, 10: 0xff, 11: 0xff}},
		{"part of an IPv4 header", packet4()[:19], false, nil},
		{"IPv6", packet6(), false, map[int]byte{0: 0x0f, 1: 0xf0, 7: 0xff}},
		{"IPv6 header alone", header6, false, map[int]byte{0: 0x0f, 1: 0xf0, 7: 0xff}},
		{"part of an IPv6 header", packet6()[:39], false, nil},
		{"neither", append([]byte{0x55}, packet6()[1:]...), false, nil},
		{"ICMP", packet4()[20:], true, map[int]byte{2: 0xff, 3: 0xff}},
		{"ICMP header alone", packet4()[20:28], true, map[int]byte{2: 0xff, 3: 0xff}},
		{"part of an ICMP header", packet4()[20:27], true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := seen.New(8, time.Second)
			digest := m.Packet
			if tt.message {
				digest = m.Message
			}
			m.Add(digest(tt.bytes), 0)
			for i := range tt.bytes {
				for bit := range 8 {
					flipped := bytes.Clone(tt.bytes)
					flipped[i] ^= 1 << bit
					want := tt.free[i]&(1<<bit) != 0
					if got := m.Has(digest(flipped), 0); got != want {
						t.Errorf("byte %d, bit %d: known %v, want %v", i, bit, got, want)
					}
				}
			}
		})
	}
}

// TestLengths checks which bytes behind a packet count: what its header says, unless that
// can't be true.
func TestLengths(t *testing.T) {
	with := func(p []byte, at int, length uint16) []byte {
		binary.BigEndian.PutUint16(p[at:], length)
		return p
	}
	for _, tt := range []struct {
		name   string
		packet []byte
		counts bool // the last byte does
	}{
		{"IPv4, whole", with(packet4(), 2, 56), true},
		{"IPv4, one byte behind it", with(packet4(), 2, 55), false},
		{"IPv4, the header alone", with(packet4(), 2, 20), false},
		{"IPv4, shorter than its header", with(packet4(), 2, 19), true},
		{"IPv4, longer than it is", with(packet4(), 2, 57), true},
		{"IPv6, whole", with(packet6(), 4, 56), true},
		{"IPv6, one byte behind it", with(packet6(), 4, 55), false},
		{"IPv6, the header alone", with(packet6(), 4, 0), false},
		{"IPv6, longer than it is", with(packet6(), 4, 57), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := seen.New(8, time.Second)
			m.Add(m.Packet(tt.packet), 0)
			other := bytes.Clone(tt.packet)
			other[len(other)-1] ^= 1
			if got := !m.Has(m.Packet(other), 0); got != tt.counts {
				t.Errorf("the last byte counts: %v, want %v", got, tt.counts)
			}
		})
	}
}

// TestSecrets checks that digests of one Memory mean nothing to another.
func TestSecrets(t *testing.T) {
	a, b := seen.New(8, time.Second), seen.New(8, time.Second)
	if a.Packet(packet4()) == b.Packet(packet4()) {
		t.Error("two memories make the same digest")
	}
	if a.Packet(nil) == b.Packet(nil) {
		t.Error("two memories make the same digest of nothing")
	}
}

func TestEmpty(t *testing.T) {
	m := seen.New(0, time.Second)
	if !m.Empty() {
		t.Error("a new memory is not empty")
	}
	a, b := m.Message([]byte{1}), m.Message([]byte{2})
	if m.Add(a, 0) || m.Empty() || !m.Has(a, 0) {
		t.Error("what was added is not there")
	}
	if m.Add(b, 0) || m.Has(a, 0) || !m.Has(b, 0) {
		t.Error("a memory of the least size does not keep the last one alone")
	}
}

// TestWindow checks both ends of the time for which a digest is known.
func TestWindow(t *testing.T) {
	const second = int64(time.Second)
	for _, tt := range []struct {
		now   int64
		known bool
	}{
		{-second, false}, {1 - second, true}, {0, true}, {second - 1, true}, {second, false},
	} {
		m := seen.New(8, time.Second)
		d := m.Message(nil)
		m.Add(d, 0)
		if got := m.Has(d, tt.now); got != tt.known {
			t.Errorf("at %v: known %v, want %v", time.Duration(tt.now), got, tt.known)
		}
	}
}

// TestAgain adds a digest that was forgotten: no other one has to go for it.
func TestAgain(t *testing.T) {
	const second = int64(time.Second)
	m := seen.New(2, time.Second)
	a, b := m.Message([]byte{1}), m.Message([]byte{2})
	m.Add(b, second/2)
	m.Add(a, 0)
	if m.Add(a, second) || !m.Has(b, second) {
		t.Error("the other digest is gone")
	}
}

package seen_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/seen"
)

// packet4 returns an IPv4 PTB: header, ICMP header and the start of a quoted packet.
func packet4() []byte {
	p := make([]byte, 56)
	p[0], p[8], p[9] = 0x45, 60, 1
	binary.BigEndian.PutUint16(p[2:], 56)
	binary.BigEndian.PutUint16(p[4:], 7) // identification
	binary.BigEndian.PutUint16(p[10:], 0xbeef)
	p[20], p[21], p[27] = 3, 4, 200
	p[28], p[28+9] = 0x45, 6
	return p
}

func packet6() []byte {
	p := make([]byte, 40+8+48)
	p[0], p[6], p[7] = 0x60, 58, 60
	binary.BigEndian.PutUint16(p[4:], 8+48)
	p[40], p[48] = 2, 0x60
	return p
}

func TestPacket(t *testing.T) {
	for _, tt := range []struct {
		name   string
		packet func() []byte
		change func(p []byte) []byte
		same   bool
	}{
		{"IPv4 TTL", packet4, set(8, 3), true},
		{"IPv4 header checksum", packet4, set(10, 3), true},
		{"IPv4 DSCP", packet4, set(1, 0xb8), true},
		{"IPv4 padding", packet4, func(p []byte) []byte { return append(p, 1, 2, 3) }, true},
		{"IPv4 identification", packet4, set(5, 8), false},
		{"IPv4 source", packet4, set(12, 8), false},
		{"IPv4 MTU", packet4, set(27, 8), false},
		{"IPv4 last byte", packet4, set(55, 8), false},
		{"IPv4 cut", packet4, func(p []byte) []byte { return p[:55] }, false},
		{"IPv6 hop limit", packet6, set(7, 3), true},
		{"IPv6 traffic class", packet6, set(1, 0x40), true},
		{"IPv6 padding", packet6, func(p []byte) []byte { return append(p, 1, 2, 3) }, true},
		{"IPv6 flow label", packet6, set(3, 9), false},
		{"IPv6 destination", packet6, set(39, 9), false},
		{"IPv6 last byte", packet6, set(95, 9), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := seen.New(8, time.Second)
			m.Add(m.Packet(tt.packet()), 0)
			if got := m.Has(m.Packet(tt.change(tt.packet())), 0); got != tt.same {
				t.Errorf("known %v, want %v", got, tt.same)
			}
		})
	}
}

// set returns a change of byte i.
func set(i int, b byte) func([]byte) []byte {
	return func(p []byte) []byte {
		p[i] = b
		return p
	}
}

// TestMessage checks that the digest of an ICMP message holds whatever carries it.
func TestMessage(t *testing.T) {
	m := seen.New(8, time.Second)
	icmp := packet6()[40:]
	m.Add(m.Message(icmp), 0)
	icmp[2] = 0x12 // checksum, which covers the addresses of the IP header
	if !m.Has(m.Message(icmp), 0) {
		t.Error("a message with new addresses is not known")
	}
	icmp[7] = 1 // MTU
	if m.Has(m.Message(icmp), 0) {
		t.Error("a message with another MTU is known")
	}
}

// TestAnyBytes checks that nothing is too short, or lies too much about its length.
func TestAnyBytes(*testing.T) {
	m := seen.New(8, time.Second)
	for n := range 64 {
		for _, first := range []byte{0x45, 0x4f, 0x60, 0} {
			b := make([]byte, n)
			for i := range b {
				b[i] = first
			}
			m.Packet(b)
			m.Message(b)
		}
	}
}

func TestAdd(t *testing.T) {
	m := seen.New(2, time.Second)
	a, b, c := m.Message([]byte{1}), m.Message([]byte{2}), m.Message([]byte{3})
	second := int64(time.Second)
	for i, step := range []struct {
		digest seen.Digest
		now    int64
		known  bool
	}{
		{a, 0, false},
		{a, second - 1, true},
		{a, second, false}, // known from time 0 on, not from the copy
		{b, second, false},
		{a, second / 2, true}, // the clock was set back a little
		{c, second + 1, false},
		{b, second + 1, true},
		{a, second + 1, false}, // no room for three: c took its place
	} {
		if known := m.Add(step.digest, step.now); known != step.known {
			t.Errorf("step %d: known %v, want %v", i, known, step.known)
		}
	}
}

// TestAddTTL has messages that went round a loop and messages that a router repeats.
func TestAddTTL(t *testing.T) {
	m := seen.New(8, time.Second)
	d := m.Message([]byte{1})
	for i, step := range []struct {
		ttl  uint8
		now  time.Duration
		fell bool
	}{
		{60, 0, false},
		{60, 1, false}, // repeated
		{59, 2, true},
		{61, 3, false}, // repeated, by a shorter way
		{60, 4, true},
		{0, time.Second - 1, true},
		{58, time.Second, false}, // the first one is forgotten
		{57, time.Second + 1, true},
	} {
		if fell := m.AddTTL(d, step.ttl, int64(step.now)); fell != step.fell {
			t.Errorf("step %d: fell %v, want %v", i, fell, step.fell)
		}
	}
}

// TestSizes checks for how long, and of how many messages, the usual memories know one.
func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		make   func() *seen.Memory
		window time.Duration
	}{
		{"of what a network returns", seen.Recent, 2 * time.Second},
		{"of what was published", seen.Published, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const size = 65536
			m := tt.make()
			m.Add(0, 0)
			if !m.Has(0, int64(tt.window)-1) || m.Has(0, int64(tt.window)) {
				t.Errorf("a message is not known for %v", tt.window)
			}
			for d := range seen.Digest(size) {
				if !m.Has(0, 0) {
					t.Fatalf("forgotten after %d others", d)
				}
				m.Add(d+1, 0)
			}
			if m.Has(0, 0) {
				t.Errorf("known after %d others", size)
			}
		})
	}
}

func TestAllocations(t *testing.T) {
	m := seen.New(64, time.Second)
	p := packet6()
	m.Add(m.Packet(p), 0)
	if n := testing.AllocsPerRun(100, func() { m.Has(m.Packet(p), 0) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

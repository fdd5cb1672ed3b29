package tpacket_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/sources/pcap/internal/tpacket"
)

// finished completes the descriptor of a block as the kernel does when it hands the
// block over.
func finished(data []byte, packets int) []byte {
	native.PutUint32(data[20:], uint32(len(data)))
	native.PutUint32(data[40:], 1767323045)
	native.PutUint32(data[44:], 6000+uint32(packets)-1)
	return data
}

func TestMarks(t *testing.T) {
	mark, packet := entry{Data: "m", Length: 99}, entry{Data: "packet", Length: 6}
	long := entry{Data: string(make([]byte, 70)), Length: 70}
	const late = 1 << 62
	for _, tc := range []struct {
		name    string
		entries []entry
		until   pipeline.Instant
		second  pipeline.Instant
		read    int
		want    tpacket.Marks
	}{
		{"none", nil, late, 0, 0, tpacket.Marks{}},
		{"no mark", []entry{packet, packet}, late, 0, 2, tpacket.Marks{}},
		{"one", []entry{mark}, late, 0, 0, tpacket.Marks{Refused: 1, Last: stamp}},
		{"only marks", slices.Repeat([]entry{mark}, 9), late, 0, 0, tpacket.Marks{Refused: 9, Last: stamp + 8}},
		{"only marks, all late", slices.Repeat([]entry{mark}, 9), stamp, 0, 0, tpacket.Marks{Late: 9}},
		{"only marks, some late", slices.Repeat([]entry{mark}, 9), stamp + 4, 0, 0, tpacket.Marks{Refused: 4, Late: 5, Last: stamp + 3}},
		{"only marks, one would have passed", slices.Repeat([]entry{mark}, 9), stamp + 4, stamp + 9, 0, tpacket.Marks{Refused: 8, Late: 1, Last: stamp + 8}},
		{"only marks, more would have passed", slices.Repeat([]entry{mark}, 9), stamp + 4, stamp + 7, 0, tpacket.Marks{Refused: 6, Late: 3, Last: stamp + 6}},
		{"mixed", []entry{packet, mark, long, mark, packet}, late, 0, 3, tpacket.Marks{Refused: 2, Last: stamp + 3}},
		{"a mark first", []entry{mark, long}, late, 0, 1, tpacket.Marks{Refused: 1, Last: stamp}},
		{"a packet last", []entry{mark, mark, mark, long}, stamp + 2, 0, 1, tpacket.Marks{Refused: 2, Late: 1, Last: stamp + 1}},
		{"a packet of one octet", []entry{{Data: "x", Length: 1}, mark}, late, 0, 1, tpacket.Marks{Refused: 1, Last: stamp + 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := tpacket.NewBlock(finished(block(tc.entries...), len(tc.entries)))
			var got tpacket.Marks
			got.Shut(tc.until, tc.second)
			b.CountMarks(&got)
			packets := make([]pipeline.Packet, 2)
			read := 0
			for n := b.Read(packets, linklayer.Ethernet, 2048); n > 0; n = b.Read(packets, linklayer.Ethernet, 2048) {
				read += n
			}
			tc.want.Until, tc.want.Second = tc.until, tc.second
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(tpacket.Marks{})); diff != "" || read != tc.read || b.Rest() != 0 {
				t.Errorf("%d packets read, want %d; %d hidden; marks (-want +got):\n%s", read, tc.read, b.Rest(), diff)
			}
		})
	}
}

func TestTakeLate(t *testing.T) {
	m := tpacket.Marks{Late: 3}
	if first, second := m.TakeLate(), m.TakeLate(); first != 3 || second != 0 {
		t.Errorf("late ones: %d, then %d", first, second)
	}
}

// TestNoMarksWithoutCounting reads marks as what they are otherwise.
func TestNoMarksWithoutCounting(t *testing.T) {
	got, hidden := read(block(entry{Data: "m", Length: 99}), 2, linklayer.Ethernet, 2048)
	if len(got) != 1 || string(got[0].Data) != "m" || got[0].Length != 99 || hidden != 0 {
		t.Errorf("packets %v, %d hidden", got, hidden)
	}
}

// BenchmarkMarks counts a block of marks, beside BenchmarkRead.
func BenchmarkMarks(b *testing.B) {
	entries := slices.Repeat([]entry{{Data: "m", Length: 110}}, 700)
	data := finished(block(entries...), len(entries))
	b.ReportAllocs()
	for b.Loop() {
		m := tpacket.Marks{Until: 1 << 62}
		block := tpacket.NewBlock(data)
		block.CountMarks(&m)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(entries)), "ns/packet")
}

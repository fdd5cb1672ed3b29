package tpacket_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/sources/pcap/internal/tpacket"
)

// entry is one packet of a block.
type entry struct {
	Data     string // as the kernel writes it
	Length   uint32
	Status   uint32
	TCI      uint16
	TPID     uint16
	Type     byte
	Headroom int // more than the kernel's least
}

// Where the kernel puts things (linux/if_packet.h).
const (
	descriptorLen = 48
	headerLen     = 48
	sockaddrLen   = 20
	reserve       = 4

	vlanValid     = 0x10
	vlanTPIDValid = 0x40
)

var native = binary.NativeEndian

// block lays packets out as the kernel does.
func block(entries ...entry) []byte {
	b := make([]byte, descriptorLen)
	native.PutUint32(b[8:], 1) // TP_STATUS_USER
	native.PutUint32(b[12:], uint32(len(entries)))
	native.PutUint32(b[16:], descriptorLen)
	for i, e := range entries {
		at := len(b)
		mac := headerLen + sockaddrLen + reserve + e.Headroom
		size := (mac + len(e.Data) + 15) &^ 15
		b = append(b, make([]byte, size)...)
		h := b[at:]
		if i < len(entries)-1 {
			native.PutUint32(h, uint32(size))
		}
		native.PutUint32(h[4:], 1767323045)
		native.PutUint32(h[8:], 6000+uint32(i))
		native.PutUint32(h[12:], uint32(len(e.Data)))
		native.PutUint32(h[16:], e.Length)
		native.PutUint32(h[20:], 1|e.Status)
		native.PutUint16(h[24:], uint16(mac))
		native.PutUint32(h[32:], uint32(e.TCI))
		native.PutUint16(h[36:], e.TPID)
		h[headerLen+10] = e.Type
		copy(h[mac:], e.Data)
	}
	return b
}

// read returns all packets of a block, and how many it hides.
func read(data []byte, batch int, link linklayer.Type, snaplen int) (all []pipeline.Packet, hidden int) {
	b := tpacket.NewBlock(data)
	packets := make([]pipeline.Packet, batch)
	for {
		n := b.Read(packets, link, snaplen)
		if n == 0 {
			return all, b.Rest()
		}
		all = append(all, packets[:n]...)
	}
}

const stamp = 1767323045_000006000

func TestBlock(t *testing.T) {
	const macs = "ddddddssssss"
	for _, tc := range []struct {
		name    string
		link    linklayer.Type
		entries []entry
		want    []pipeline.Packet
	}{
		{"no packets", linklayer.Ethernet, nil, nil},
		{
			"three", linklayer.Ethernet,
			[]entry{{Data: "one", Length: 3}, {Data: "three", Length: 5, Type: 1}, {Data: "", Length: 7, Type: 4}},
			[]pipeline.Packet{
				{Data: []byte("one"), Length: 3, Time: stamp, LinkType: 1, Type: linklayer.TypeHost},
				{Data: []byte("three"), Length: 5, Time: stamp + 1, LinkType: 1, Type: linklayer.TypeBroadcast},
				{Data: []byte{}, Length: 7, Time: stamp + 2, LinkType: 1, Type: linklayer.TypeOutgoing},
			},
		},
		{
			"unknown type", linklayer.Raw,
			[]entry{{Data: "ip", Length: 2, Type: 6}},
			[]pipeline.Packet{{Data: []byte("ip"), Length: 2, Time: stamp, LinkType: linklayer.Raw}},
		},
		{
			"length below what is there", linklayer.Raw,
			[]entry{{Data: "ip", Length: 1}},
			[]pipeline.Packet{{Data: []byte("ip"), Length: 2, Time: stamp, LinkType: linklayer.Raw, Type: 1}},
		},
		{
			"802.1ad", linklayer.Ethernet,
			[]entry{{Data: macs + "\x08\x00ip", Length: 16, Status: vlanValid | vlanTPIDValid, TCI: 0x2007, TPID: 0x88a8}},
			[]pipeline.Packet{{Data: []byte(macs + "\x88\xa8\x20\x07\x08\x00ip"), Length: 20, Time: stamp, LinkType: 1, Type: 1}},
		},
		{
			"tag of an old kernel", linklayer.Ethernet,
			[]entry{{Data: macs + "\x08\x00ip", Length: 1500, Status: vlanValid, TCI: 7, Headroom: 14}},
			[]pipeline.Packet{{Data: []byte(macs + "\x81\x00\x00\x07\x08\x00ip"), Length: 1504, Time: stamp, LinkType: 1, Type: 1}},
		},
		{
			"tag and a snaplen that ends in it", linklayer.Ethernet,
			[]entry{{Data: macs + "\x08\x00ipipipip", Length: 1500, Status: vlanValid | vlanTPIDValid, TCI: 7, TPID: 0x8100}},
			[]pipeline.Packet{{Data: []byte(macs + "\x81\x00\x00\x07\x08\x00ip"), Length: 1504, Time: stamp, LinkType: 1, Type: 1}},
		},
		{
			"no tag without a status that says so", linklayer.Ethernet,
			[]entry{{Data: macs + "\x08\x00ip", Length: 16, Status: vlanTPIDValid, TCI: 7, TPID: 0x8100}},
			[]pipeline.Packet{{Data: []byte(macs + "\x08\x00ip"), Length: 16, Time: stamp, LinkType: 1, Type: 1}},
		},
		{
			"no tag where addresses are cut or missing", linklayer.Ethernet,
			[]entry{{Data: macs[:11], Length: 60, Status: vlanValid, TCI: 7}},
			[]pipeline.Packet{{Data: []byte(macs[:11]), Length: 60, Time: stamp, LinkType: 1, Type: 1}},
		},
		{
			"no tag before an IP header", linklayer.Raw,
			[]entry{{Data: macs + "longer", Length: 18, Status: vlanValid, TCI: 7}},
			[]pipeline.Packet{{Data: []byte(macs + "longer"), Length: 18, Time: stamp, LinkType: linklayer.Raw, Type: 1}},
		},
	} {
		for _, batch := range []int{1, 2, 16} {
			got, hidden := read(block(tc.entries...), batch, tc.link, 20)
			if diff := cmp.Diff(tc.want, got); diff != "" || hidden != 0 {
				t.Errorf("%s in batches of %d: %d hidden, packets (-want +got):\n%s", tc.name, batch, hidden, diff)
			}
		}
	}
}

// TestDamagedBlock changes one field of a block with three packets.
func TestDamagedBlock(t *testing.T) {
	sound := func() []byte {
		return block(entry{Data: "1", Length: 1}, entry{Data: "2", Length: 1}, entry{Data: "3", Length: 1})
	}
	const first, second = descriptorLen, descriptorLen + 80
	for _, tc := range []struct {
		name   string
		damage func(b []byte) []byte
		want   int // packets that are read
		hidden int
	}{
		{"none", func(b []byte) []byte { return b }, 3, 0},
		{"cut in its descriptor", func(b []byte) []byte { return b[:47] }, 0, 0},
		{"cut in the last packet", func(b []byte) []byte { return b[:second+80+50] }, 2, 1},
		{"first packet outside", func(b []byte) []byte { native.PutUint32(b[16:], 1<<31); return b }, 0, 3},
		{"first packet in the descriptor", func(b []byte) []byte { native.PutUint32(b[16:], 8); return b }, 0, 3},
		{"more packets than there are", func(b []byte) []byte { native.PutUint32(b[12:], 5); return b }, 3, 2},
		{"next packet outside", func(b []byte) []byte { native.PutUint32(b[second:], 1<<32-1); return b }, 2, 1},
		{"data outside", func(b []byte) []byte { native.PutUint32(b[first+12:], 1<<32-1); return b }, 0, 3},
		{"data in the header", func(b []byte) []byte { native.PutUint16(b[second+24:], 60); return b }, 1, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, hidden := read(tc.damage(sound()), 2, linklayer.Ethernet, 2048)
			if len(got) != tc.want || hidden != tc.hidden {
				t.Errorf("%d packets are read, %d hidden; want %d, %d", len(got), hidden, tc.want, tc.hidden)
			}
		})
	}
}

func FuzzBlock(f *testing.F) {
	f.Add(block(entry{Data: "ddddddssssss\x08\x00ip", Length: 16, Status: vlanValid, TCI: 7}, entry{Data: "x", Length: 9}), 2048)
	f.Fuzz(func(t *testing.T, data []byte, snaplen int) {
		snaplen = min(max(snaplen, 1), 1<<20)
		b := tpacket.NewBlock(data)
		var batch [3]pipeline.Packet
		for n := 1; n > 0; {
			n = b.Read(batch[:], linklayer.Ethernet, snaplen)
			for _, p := range batch[:n] {
				if len(p.Data) > min(p.Length, snaplen) || !inside(data, p.Data) {
					t.Fatalf("%d data, %d captured of %d", len(data), len(p.Data), p.Length)
				}
			}
		}
		if b.Rest() < 0 {
			t.Fatalf("%d packets are hidden", b.Rest())
		}
	})
}

// inside reports whether part is a part of the memory of whole.
func inside(whole, part []byte) bool {
	if len(part) == 0 {
		return true
	}
	at := uintptr(unsafe.Pointer(&part[0])) - uintptr(unsafe.Pointer(&whole[0]))
	return at < uintptr(len(whole)) && bytes.Equal(whole[at:at+uintptr(len(part))], part)
}

// fullBlock returns a block of 1 MiB of frames such as a flood makes.
func fullBlock() (data []byte, packets int) {
	entries := make([]entry, 5000)
	for i := range entries {
		entries[i] = entry{Data: string(make([]byte, 110)), Length: 110}
	}
	return block(entries...), len(entries)
}

func TestReadAllocatesNothing(t *testing.T) {
	data, packets := fullBlock()
	batch := make([]pipeline.Packet, 256)
	if allocs := testing.AllocsPerRun(10, func() { drain(data, batch) }); allocs != 0 {
		t.Errorf("%v allocations for %d packets", allocs, packets)
	}
}

func BenchmarkRead(b *testing.B) {
	data, packets := fullBlock()
	batch := make([]pipeline.Packet, 256)
	b.ReportAllocs()
	for b.Loop() {
		drain(data, batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(packets), "ns/packet")
}

func drain(data []byte, batch []pipeline.Packet) {
	block := tpacket.NewBlock(data)
	for block.Read(batch, linklayer.Ethernet, 2048) > 0 {
	}
}

package capfile_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// FuzzReader checks that no file makes a reader panic or give back what is not in
// the file, that it reads the same in any pieces, and what gopacket reads.
func FuzzReader(f *testing.F) {
	packets := samplePackets(3)
	for _, e := range []capfile.Encoder{{}, {Nanoseconds: true}, {Format: capfile.Pcapng, Application: "x"}} {
		file := write(f, capfile.WriterOptions{Encoder: e}, packets...)
		f.Add(file)
		f.Add(gzipped(f, file))
		f.Add(zstdCompressed(f, file))
	}
	for _, o := range orders() {
		f.Add(join(pcapHeader(o, 0xa1b2c3d4), record(o, 1, 2, 3, "abc")))
		f.Add(join(section(o), iface(o, 1, 2, option(o, 9, uint8(0x8a)), option(o, 14, uint64(9))), block(o, 3, uint32(3), "ab"),
			block(o, 2, uint16(0), make([]byte, 18)), block(o, 99, "skip"), enhanced(o, 0, 1<<40, 9, "abc", option(o, 2, uint32(1))), section(o)))
	}
	for name, o := range orders() {
		header := pcapHeader(o, 0xa1b2c3d4)
		o.PutUint32(header[20:], 0x24000001)
		f.Add(join(header, record(o, 1, 2, 70, name+"with a frame check sequence")))
		o.PutUint32(header[20:], 239)
		message := nflog(o, 2, pipelinetest.PTB{}.Frame())
		f.Add(join(header, record(o, 1, 2, uint32(len(message)), string(message))))
		f.Add(join(header, record(o, 1, 2, uint32(len(message)), string(message[:80]))))
		f.Add(join(section(o), iface(o, 105, 0, option(o, 13, uint8(4))), enhanced(o, 0, 1<<63, 9, "abcdefgh", option(o, 2, uint32(2<<5|2)))))
		f.Add(fields(o, uint32(0xa1b2c3d4), uint16(2), uint16(3), uint64(0), uint32(9), uint32(1), uint64(1), uint32(9), uint32(3), "abc"))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := read(file, capfile.ReaderOptions{})
		if compressed := bytes.HasPrefix(file, []byte{0x1f, 0x8b}) || bytes.HasPrefix(file, []byte{0x28, 0xb5}); compressed {
			return
		}
		octets := 0
		for _, p := range got {
			octets += len(p.Data)
			if p.Time > 1<<62 || p.Time < -1<<62 {
				t.Errorf("time %d", p.Time)
			}
			if p.Length < len(p.Data) {
				t.Errorf("length %d of a packet with %d bytes", p.Length, len(p.Data))
			}
		}
		if octets > len(file) {
			t.Errorf("%d bytes from a file of %d", octets, len(file))
		}
		samePieces(t, file, got, err)
		if err == nil {
			sameAsPcapgo(t, file, got)
		}
	})
}

// samePieces reads the file in pieces, so that nearly every record lies in two, with one batch lent at a
// time and with three.
func samePieces(t *testing.T, file []byte, want []captured, wantErr error) {
	size := 1 + len(file)/100
	for _, lend := range []int{1, 3} {
		r := capfile.NewReader(pieces{bytes.NewReader(file), size}, capfile.ReaderOptions{Lend: lend})
		got, err := lent(r, 1, lend)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in pieces of %d, %d lent: %s", size, lend, diff)
		}
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Errorf("in pieces of %d, %d lent: got %v, want %v", size, lend, err, wantErr)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// sameAsPcapgo compares what gopacket reads, if it reads the file at all: it
// refuses several things that are legal, panics at others, and counts link types
// in one byte.
func sameAsPcapgo(t *testing.T, file []byte, want []captured) {
	got, ok := tryPcapgo(file)
	if !ok {
		return
	}
	if len(got) != len(want) {
		t.Fatalf("gopacket reads %d packets, not %d", len(got), len(want))
	}
	exact := exactTime(file)
	for i := range want {
		if diff := diffPcapgo(want[i], got[i], exact); diff != "" {
			t.Error(diff)
		}
	}
}

// diffPcapgo compares what we read of a packet with what gopacket does. It counts
// link types in one byte, and keeps frame check sequences and the kernel's messages
// as they are in the file.
func diffPcapgo(ours, theirs captured, exactTime bool) string {
	const nflog, most = 239, 1 << 62
	if !exactTime || ours.Time == most || ours.Time == -most {
		ours.Time = theirs.Time
	}
	if theirs.Link == nflog && (ours.Link == linklayer.Ethernet || ours.Link == linklayer.Raw) {
		packet := ours.Data
		if ours.Link == linklayer.Ethernet {
			packet = packet[min(14, len(packet)):] // the header stands elsewhere in the message
		}
		if ours.Time != theirs.Time || !strings.Contains(theirs.Data, packet) {
			return cmp.Diff(ours, theirs)
		}
		return ""
	}
	ours.Link &= 0xff
	if (theirs.Link == 12 || theirs.Link == 14) && ours.Link == linklayer.Raw {
		ours.Link = theirs.Link
	}
	ours.Type = linklayer.TypeUnknown
	if fcs := theirs.Length - ours.Length; fcs > 0 && fcs < 256 && ours.Data == theirs.Data[:min(len(theirs.Data), ours.Length)] {
		theirs.Data, theirs.Length = ours.Data, ours.Length
	}
	return cmp.Diff(ours, theirs)
}

func tryPcapgo(file []byte) (got []captured, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	got, err := pcapgoRead(file)
	return got, err == nil
}

// exactTime reports whether gopacket reads time stamps as they are.
func exactTime(file []byte) bool {
	if !bytes.HasPrefix(file, []byte{10, 13, 13, 10}) {
		return exactFractions(file)
	}
	exact := true
	check := func(interfaces []pcapgo.NgInterface, _ pcapgo.NgSectionInfo) {
		for _, i := range interfaces {
			decimal := !i.TimestampResolution.Binary() && i.TimestampResolution.Exponent() <= 9
			exact = exact && decimal && i.TimestampOffset == 0 && !bytes.Contains(file, []byte{9, 0, 1, 0, 0}) &&
				!bytes.Contains(file, []byte{0, 9, 0, 1, 0})
		}
	}
	// A last section makes gopacket tell about the one before.
	r, err := pcapgo.NewNgReader(bytes.NewReader(join(file, section(le))),
		pcapgo.NgReaderOptions{WantMixedLinkType: true, SectionEndCallback: check})
	for err == nil {
		_, _, err = r.ReadPacketData()
	}
	return exact
}

// exactFractions reports whether no time stamp of a pcap file has microseconds that
// are seconds, which overflow in gopacket.
func exactFractions(file []byte) bool {
	o := order(le)
	if file[0] == 0xa1 {
		o = binary.BigEndian
	}
	if o.Uint32(file) == 0xa1b23c4d {
		return true
	}
	for file = file[24:]; len(file) > 0; file = file[16+o.Uint32(file[8:]):] {
		if o.Uint32(file[4:]) >= 1_000_000 {
			return false
		}
	}
	return true
}

// Whatever a file claims, a reader does not need more memory than it states.
func TestMemory(t *testing.T) {
	big := join(pcapHeader(le, 0xa1b2c3d4), fields(le, uint64(0), ^uint64(0)))
	manyInterfaces := section(le)
	for range capfile.MaxInterfaces {
		manyInterfaces = append(manyInterfaces, iface(le, 1, 0)...)
	}
	many := write(t, capfile.WriterOptions{}, samplePackets(50000)...)
	const buffer, input = 336 << 10, 64 << 10
	for _, tc := range []struct {
		name string
		file []byte
		o    capfile.ReaderOptions
		most uint64
	}{
		{"record of 4 GiB", big, capfile.ReaderOptions{}, buffer + input},
		{"block of 16 MiB", join(section(le), fields(le, uint32(9), uint32(16<<20))), capfile.ReaderOptions{}, buffer + input},
		{"many interfaces", bytes.Repeat(manyInterfaces, 20), capfile.ReaderOptions{}, 2 << 20},
		{"plain", many, capfile.ReaderOptions{ReadAhead: true}, buffer + input},
		{"read ahead", gzipped(t, many), capfile.ReaderOptions{ReadAhead: true}, 2*buffer + 2*input},
		{"lent", many, capfile.ReaderOptions{Lend: 8}, 2*buffer + input}, // 8 batches are less than a buffer
	} {
		t.Run(tc.name, func(t *testing.T) {
			dst := make([]pipeline.Packet, 100)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := capfile.NewReader(bytes.NewReader(tc.file), tc.o)
			var err error
			for err == nil {
				_, err = r.ReadBatch(dst)
			}
			runtime.ReadMemStats(&after)
			r.Close()
			if got := after.TotalAlloc - before.TotalAlloc; got > tc.most+60<<10 { // and what else a reader has
				t.Errorf("%d bytes allocated, more than %d", got, tc.most)
			}
		})
	}
}

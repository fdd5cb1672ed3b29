package capfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

func TestRoundTrip(t *testing.T) {
	plain := samplePackets(1000)
	nano := samplePackets(10)
	for i := range nano {
		nano[i].Time += pipeline.Instant(i)
	}
	mixed := samplePackets(20)
	for i := range mixed {
		mixed[i].LinkType = []linklayer.Type{1, 276, 101, 0}[i%4]
		mixed[i].Type = linklayer.PacketType(i % 6)
	}
	for _, tc := range []struct {
		name    string
		encoder capfile.Encoder
		packets []pipeline.Packet
	}{
		{"pcap", capfile.Encoder{}, plain},
		{"pcap nanoseconds", capfile.Encoder{Nanoseconds: true}, nano},
		{"pcapng", capfile.Encoder{Format: capfile.Pcapng, Application: "pmtud"}, plain},
		{"pcapng nanoseconds", capfile.Encoder{Format: capfile.Pcapng}, nano},
		{"pcapng mixed", capfile.Encoder{Format: capfile.Pcapng}, mixed},
		{"pcapng empty", capfile.Encoder{Format: capfile.Pcapng}, nil},
		{"pcap empty", capfile.Encoder{}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := mustRead(t, write(t, capfile.WriterOptions{Encoder: tc.encoder}, tc.packets...))
			if diff := cmp.Diff(asWritten(tc.packets), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteGolden(t *testing.T) {
	p := pipeline.Packet{
		Data: []byte("octets"), Length: 60, Time: 1_000_000_007_000, LinkType: 1, Type: linklayer.TypeOutgoing,
	}
	q := p
	q.LinkType, q.Type, q.Length = 276, linklayer.TypeUnknown, 0 // which is less than there is
	for _, tc := range []struct {
		name    string
		options capfile.WriterOptions
		packets []pipeline.Packet
		want    []byte
	}{
		{
			"pcap",
			capfile.WriterOptions{Encoder: capfile.Encoder{Snaplen: 65535}, Interfaces: []capfile.Interface{{Name: "eth0", LinkType: 1}}},
			[]pipeline.Packet{p},
			join(pcapHeader(le, 0xa1b2c3d4), record(le, 1000, 7, 60, "octets")),
		},
		{
			"pcap cut",
			capfile.WriterOptions{Encoder: capfile.Encoder{Snaplen: 3, Nanoseconds: true}},
			[]pipeline.Packet{p},
			fields(le, uint32(0xa1b23c4d), uint16(2), uint16(4), uint64(0), uint32(3), uint32(1), record(le, 1000, 7000, 60, "oct")),
		},
		{
			"pcapng",
			capfile.WriterOptions{
				Encoder:    capfile.Encoder{Format: capfile.Pcapng, Application: "pmtud"},
				Interfaces: []capfile.Interface{{Name: "eth0", LinkType: 1}},
			},
			[]pipeline.Packet{p, q},
			join(
				block(le, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(0), ^uint64(0), option(le, 4, "pmtud"), uint32(0)),
				iface(le, 1, 262144, option(le, 2, "eth0"), option(le, 9, uint8(9)), uint32(0)),
				enhanced(le, 0, 1_000_000_007_000, 60, "octets", option(le, 2, uint32(2)), uint32(0)),
				iface(le, 276, 262144, option(le, 9, uint8(9)), uint32(0)),
				enhanced(le, 1, 1_000_000_007_000, 6, "octets"),
			),
		},
		{
			"pcapng cut",
			capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng, Snaplen: 1}},
			[]pipeline.Packet{q},
			join(section(le), iface(le, 276, 1, option(le, 9, uint8(9)), uint32(0)), enhanced(le, 0, 1_000_000_007_000, 6, "o")),
		},
		{
			"pcap, larger than packets are",
			capfile.WriterOptions{Encoder: capfile.Encoder{Snaplen: 1 << 20}},
			[]pipeline.Packet{q},
			fields(le, uint32(0xa1b2c3d4), uint16(2), uint16(4), uint64(0), uint32(262144), uint32(276), record(le, 1000, 7, 6, "octets")),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, write(t, tc.options, tc.packets...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteOn(t *testing.T) {
	var buf bytes.Buffer
	w := capfile.NewWriter(&buf, capfile.WriterOptions{
		Encoder:    capfile.Encoder{Format: capfile.Pcapng},
		Interfaces: []capfile.Interface{{"a", 1}, {"b", 1}, {"c", 101}},
	})
	p := samplePackets(1)[0]
	if err := w.WriteOn(1, &p, "why"); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteOn(2, &p, ""); !errors.Is(err, capfile.ErrLinkType) {
		t.Errorf("got %v", err)
	}
	for _, id := range []int{-1, 3} {
		if err := w.WriteOn(id, &p, ""); err == nil || err.Error() != fmt.Sprintf("write packet: the file has no interface %d", id) {
			t.Errorf("interface %d: %v", id, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, buf.Bytes()); len(got) != 1 || got[0] != of(&p) {
		t.Errorf("got %v", got)
	}
	last := enhanced(le, 1, uint64(p.Time), uint32(p.Length), string(p.Data), option(le, 1, "why"), uint32(0))
	if !bytes.HasSuffix(buf.Bytes(), last) {
		t.Errorf("got % x\nwant % x at its end", buf.Bytes(), last)
	}
}

// Of a comment that is too long, the beginning is written.
func TestLongComment(t *testing.T) {
	const most = 32 << 10
	p := samplePackets(1)[0]
	for _, n := range []int{most, most + 1} {
		e := capfile.Encoder{Format: capfile.Pcapng}
		got, err := e.AppendPacket(nil, 0, &p, strings.Repeat("c", n))
		want := enhanced(le, 0, uint64(p.Time), uint32(p.Length), string(p.Data), option(le, 1, strings.Repeat("c", most)), uint32(0))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d characters: a block of %d bytes, want %d, error %v", n, len(got), len(want), err)
		}
	}
}

// An interface may be added between packets.
func TestAddInterface(t *testing.T) {
	var buf bytes.Buffer
	w := capfile.NewWriter(&buf, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng}})
	p := samplePackets(1)[0]
	for want := range 3 {
		id, err := w.AddInterface(capfile.Interface{Name: "x", LinkType: p.LinkType})
		if err != nil || id != want {
			t.Fatalf("interface %d is number %d, %v", want, id, err)
		}
		if err := w.WriteOn(id, &p, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, buf.Bytes()); len(got) != 3 || got[2] != of(&p) {
		t.Errorf("got %v", got)
	}
}

// A packet that a file can't hold is left out.
func TestWriteErrors(t *testing.T) {
	good := samplePackets(1)[0]
	cooked, early, late := good, good, good
	cooked.LinkType, early.Time, late.Time = 113, -1, 1<<62
	for _, tc := range []struct {
		name   string
		format capfile.Format
		packet pipeline.Packet
		want   error
	}{
		{"pcap link type", capfile.Pcap, cooked, capfile.ErrLinkType},
		{"pcap before 1970", capfile.Pcap, early, capfile.ErrTime},
		{"pcap after 2106", capfile.Pcap, late, capfile.ErrTime},
		{"pcapng before 1970", capfile.Pcapng, early, capfile.ErrTime},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var buf bytes.Buffer
			w := capfile.NewWriter(&buf, capfile.WriterOptions{Encoder: capfile.Encoder{Format: tc.format}})
			for _, p := range []pipeline.Packet{good, tc.packet, good} {
				var want error
				if p.Time != good.Time || p.LinkType != good.LinkType {
					want = tc.want
				}
				if err := w.Write(&p); !errors.Is(err, want) {
					t.Errorf("got %v", err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if got := mustRead(t, buf.Bytes()); len(got) != 2 {
				t.Errorf("got %d packets", len(got))
			}
		})
	}
}

// An error of the stream stays until Reset.
func TestWriteStreamError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	w := capfile.NewWriter(full, capfile.WriterOptions{})
	p := samplePackets(1)[0]
	for range 3 {
		if err := w.Flush(); err == nil {
			t.Error("wrote to a full device")
		}
	}
	_, addErr := w.AddInterface(capfile.Interface{LinkType: 1})
	for name, err := range map[string]error{"Write": w.Write(&p), "WriteOn": w.WriteOn(0, &p, ""), "AddInterface": addErr} {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	w.Reset(full)
	written := 0
	for written < 1<<20 && !errors.Is(err, syscall.ENOSPC) {
		err = w.Write(&p)
		written += len(p.Data)
	}
	if written >= 1<<20 {
		t.Error("a mebibyte was written to a full device")
	}
	var buf bytes.Buffer
	w.Reset(&buf)
	if err := errors.Join(w.Write(&p), w.Flush()); err != nil {
		t.Error(err)
	}
	if got := mustRead(t, buf.Bytes()); len(got) != 1 {
		t.Errorf("got %d packets", len(got))
	}
}

// Where there is nothing to write, nothing is written.
func TestFlushNothing(t *testing.T) {
	check := &wholeWriter{t: t}
	w := capfile.NewWriter(check, capfile.WriterOptions{})
	for range 3 {
		if err := w.Flush(); err != nil || check.writes != 1 {
			t.Errorf("%d writes, error %v", check.writes, err)
		}
	}
}

// Each write holds whole packets.
func TestWriteWholePackets(t *testing.T) {
	for _, format := range []capfile.Format{capfile.Pcap, capfile.Pcapng} {
		check := &wholeWriter{t: t}
		w := capfile.NewWriter(check, capfile.WriterOptions{Encoder: capfile.Encoder{Format: format}})
		for _, p := range samplePackets(5000) {
			if err := w.Write(&p); err != nil {
				t.Fatal(err)
			}
		}
		if check.writes < 3 {
			t.Errorf("%v: %d writes", format, check.writes)
		}
	}
}

type wholeWriter struct {
	t      *testing.T
	file   []byte
	writes int
}

func (w *wholeWriter) Write(b []byte) (int, error) {
	w.writes++
	w.file = append(w.file, b...)
	mustRead(w.t, w.file)
	return len(b), nil
}

func TestWriteAllocatesNothing(t *testing.T) {
	p := samplePackets(1)[0]
	for _, format := range []capfile.Format{capfile.Pcap, capfile.Pcapng} {
		w := capfile.NewWriter(io.Discard, capfile.WriterOptions{Encoder: capfile.Encoder{Format: format}})
		allocs := testing.AllocsPerRun(10000, func() {
			if err := w.Write(&p); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%v: %v allocations per packet", format, allocs)
		}
	}
}

// Gopacket reads what is written, and the other way round.
func TestPcapgo(t *testing.T) {
	packets := samplePackets(2000)
	for i := range packets {
		packets[i].Length = max(packets[i].Length, len(packets[i].Data))
	}
	want := asWritten(packets)
	for _, tc := range []struct {
		name    string
		encoder capfile.Encoder
		write   func(io.Writer, []pipeline.Packet) error
	}{
		{"pcap", capfile.Encoder{}, pcapgoWrite(pcapgo.NewWriter)},
		{"pcap nanoseconds", capfile.Encoder{Nanoseconds: true}, pcapgoWrite(pcapgo.NewWriterNanos)},
		{"pcapng", capfile.Encoder{Format: capfile.Pcapng}, pcapgoWriteNg},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := pcapgoRead(write(t, capfile.WriterOptions{Encoder: tc.encoder}, packets...))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("gopacket reads: %v %s", err, diff)
			}
			var buf bytes.Buffer
			if err := tc.write(&buf, packets); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, mustRead(t, buf.Bytes())); diff != "" {
				t.Errorf("gopacket wrote: %s", diff)
			}
		})
	}
}

func infoOf(p *pipeline.Packet) gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: p.Time.Time(), CaptureLength: len(p.Data), Length: p.Length}
}

func pcapgoWrite(newWriter func(io.Writer) *pcapgo.Writer) func(io.Writer, []pipeline.Packet) error {
	return func(to io.Writer, packets []pipeline.Packet) error {
		w := newWriter(to)
		if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
			return err
		}
		for i := range packets {
			if err := w.WritePacket(infoOf(&packets[i]), packets[i].Data); err != nil {
				return err
			}
		}
		return nil
	}
}

func pcapgoWriteNg(to io.Writer, packets []pipeline.Packet) error {
	w, err := pcapgo.NewNgWriter(to, layers.LinkTypeEthernet)
	if err != nil {
		return err
	}
	for i := range packets {
		if err := w.WritePacket(infoOf(&packets[i]), packets[i].Data); err != nil {
			return err
		}
	}
	return w.Flush()
}

// packetReader is what gopacket's readers have in common.
type packetReader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error) // needs as much memory as the file claims
}

func pcapgoOpen(file []byte) (r packetReader, link func(gopacket.CaptureInfo) linklayer.Type, err error) {
	if bytes.HasPrefix(file, []byte{10, 13, 13, 10}) {
		r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
		return r, func(i gopacket.CaptureInfo) linklayer.Type {
			return linklayer.Type(i.AncillaryData[0].(layers.LinkType))
		}, err
	}
	p, err := pcapgo.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	return p, func(gopacket.CaptureInfo) linklayer.Type { return linklayer.Type(p.LinkType()) }, nil
}

func pcapgoRead(file []byte) ([]captured, error) {
	r, link, err := pcapgoOpen(file)
	if err != nil {
		return nil, err
	}
	var all []captured
	for {
		data, info, err := r.ReadPacketData()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
		stamp := info.Timestamp
		if stamp.IsZero() { // of a simple packet block
			stamp = time.Unix(0, 0)
		}
		all = append(all, captured{
			string(data), max(info.Length, len(data)), pipeline.InstantOf(stamp), link(info), linklayer.TypeUnknown,
		})
	}
}

package capfile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestReadPcap(t *testing.T) {
	for name, o := range orders() {
		for _, tc := range []struct {
			name  string
			magic uint32
			time  pipeline.Instant
		}{
			{"microseconds", 0xa1b2c3d4, 1_000_000_002_000},
			{"nanoseconds", 0xa1b23c4d, 1_000_000_000_002},
		} {
			t.Run(name+" "+tc.name, func(t *testing.T) {
				got := mustRead(t, join(pcapHeader(o, tc.magic),
					record(o, 1000, 2, 6, "whole!"),
					record(o, 1000, 2, 9000, "cut"),
					record(o, 1000, 2, 1, "longer than its length"),
					record(o, 1000, 2, 0, ""),
				))
				want := []captured{
					{"whole!", 6, tc.time, 1, 0},
					{"cut", 9000, tc.time, 1, 0},
					{"longer than its length", 22, tc.time, 1, 0},
					{"", 0, tc.time, 1, 0},
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// The upper bits of the link type tell of the frame check sequence.
func TestReadPcapLinkType(t *testing.T) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			for number, want := range map[uint32]linklayer.Type{
				0x54000114: linklayer.SLL2, // with the length of a frame check sequence
				12:         linklayer.Raw,  // as Wireshark and tcpdump have it
				14:         linklayer.Raw,
				13:         13,
			} {
				header := pcapHeader(o, 0xa1b2c3d4)
				o.PutUint32(header[20:], number)
				got := mustRead(t, join(header, record(o, 0, 0, 1, "a")))
				got = append(got, mustRead(t, join(section(o), iface(o, uint16(number), 0), enhanced(o, 0, 1, 2, "hi")))...)
				if got[0].Link != want || got[1].Link != want {
					t.Errorf("got link types %d and %d of %#x", got[0].Link, got[1].Link, number)
				}
			}
		})
	}
}

func TestReadPcapng(t *testing.T) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			got := mustRead(t, join(
				section(o),
				iface(o, 1, 4),
				block(o, 3, uint32(3), "abc"),    // simple
				block(o, 3, uint32(90), "abcd"),  // simple, cut by the snaplen
				block(o, 0xbad, "to be skipped"), //
				iface(o, 276, 0),
				enhanced(o, 1, 5, 70, "enhanced"),
				enhanced(o, 0, 6, 1, "longer", option(o, 1, "a comment"), option(o, 2, uint32(2)), option(o, 6, uint32(4)), option(o, 2, uint64(4))),
				block(o, 2, uint16(1), uint16(9), uint32(1), uint32(0), uint32(8), uint32(8), "obsolete"),
				enhanced(o, 1, 5, 2, "ok", option(o, 0), option(o, 2, uint32(2))), // behind the end of options
				block(o, 5, make([]byte, 12)), // statistics
			))
			want := []captured{
				{"abc", 3, 0, 1, 0},
				{"abcd", 90, 0, 1, 0},
				{"enhanced", 70, 5000, 276, 0},
				{"longer", 6, 6000, 1, linklayer.TypeOutgoing},
				{"obsolete", 8, 1 << 32 * 1000, 276, 0},
				{"ok", 2, 5000, 276, 0},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each section has its own byte order and its own interfaces. Some programs say that 1.0 is 1.2.
func TestReadPcapngSections(t *testing.T) {
	var file []byte
	var want []captured
	for _, o := range orders() {
		empty := block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(2), ^uint64(0))
		file = join(file, empty, section(o), iface(o, 101, 0), enhanced(o, 0, 1, 2, "hi"))
		want = append(want, captured{"hi", 2, 1000, 101, 0})
	}
	file = join(file, file)
	want = append(want, want...)
	if diff := cmp.Diff(want, mustRead(t, file)); diff != "" {
		t.Error(diff)
	}
}

func TestReadPcapngTime(t *testing.T) {
	const resolution, offset = 9, 14
	for name, o := range orders() {
		for _, tc := range []struct {
			name    string
			options []any
			stamp   uint64
			want    pipeline.Instant
		}{
			{"default", nil, 1_700_000_000_000_001, 1_700_000_000_000_001_000},
			{"seconds", []any{option(o, resolution, uint8(0))}, 3, 3_000_000_000},
			{"milliseconds", []any{option(o, resolution, uint8(3))}, 3, 3_000_000},
			{"nanoseconds", []any{option(o, resolution, uint8(9))}, 3, 3},
			{"picoseconds", []any{option(o, resolution, uint8(12))}, 1_000_000_003_999, 1_000_000_003},
			{"10^-19 s", []any{option(o, resolution, uint8(19))}, 1<<64 - 1, 1_844_674_407},
			{"whole seconds of two", []any{option(o, resolution, uint8(0x80))}, 3, 3_000_000_000},
			{"2^-10 s", []any{option(o, resolution, uint8(0x8a))}, 1<<40 | 512, 1<<30*1_000_000_000 + 500_000_000},
			{"2^-63 s", []any{option(o, resolution, uint8(0xbf))}, 1<<63 | 1<<62, 1_500_000_000},
			{"offset", []any{option(o, offset, uint64(100))}, 7, 100_000_007_000},
			{"offset before 1970", []any{option(o, offset, ^uint64(0))}, 1_500_000, 500_000_000},
			{"before 1970", []any{option(o, resolution, uint8(3)), option(o, offset, ^uint64(1))}, 500, -1_500_000_000},
		} {
			t.Run(name+" "+tc.name, func(t *testing.T) {
				got := mustRead(t, join(section(o), iface(o, 1, 0, tc.options...), enhanced(o, 0, tc.stamp, 1, "a")))
				if got[0].Time != tc.want {
					t.Errorf("got %d, want %d", got[0].Time, tc.want)
				}
			})
		}
	}
}

// A stream may come in pieces of any size.
func TestReadPieces(t *testing.T) {
	packets := samplePackets(200)
	big := pipeline.Packet{Data: bytes.Repeat([]byte{7}, capfile.MaxPacket), Length: 300000, LinkType: 1}
	packets = append(packets, big, packets[0], big, big, packets[1])
	for _, format := range []capfile.Format{capfile.Pcap, capfile.Pcapng} {
		file := write(t, capfile.WriterOptions{Encoder: capfile.Encoder{Format: format}}, packets...)
		want := mustRead(t, file)
		if len(want) != len(packets) {
			t.Fatalf("%v: read %d packets of %d", format, len(want), len(packets))
		}
		for _, tc := range []struct {
			name   string
			stream func(io.Reader) io.Reader
		}{
			{"thousands", func(r io.Reader) io.Reader { return pieces{r, 4093} }},
			{"halves", iotest.HalfReader},
			{"data with error", iotest.DataErrReader},
		} {
			for _, ahead := range []bool{false, true} {
				r := capfile.NewReader(tc.stream(bytes.NewReader(file)), capfile.ReaderOptions{ReadAhead: ahead})
				got, err := readAll(r, 7)
				if err != nil {
					t.Errorf("%v %s: %v", format, tc.name, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v %s, read ahead %t: the packets differ", format, tc.name, ahead)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// Blocks that don't interest may be larger than any buffer.
func TestSkipLargeBlock(t *testing.T) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			file := join(section(o), iface(o, 1, 0),
				block(o, 0xbad, make([]byte, 3<<20)), block(o, 0xbad), enhanced(o, 0, 0, 1, "a"),
				block(o, 0xbad, make([]byte, 1<<20)))
			got := mustRead(t, file)
			if len(got) != 1 {
				t.Errorf("got %d packets", len(got))
			}
		})
	}
}

// pieces is a stream that comes in pieces of a size.
type pieces struct {
	io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.size)]) }

func TestReadByteByByte(t *testing.T) {
	for name, o := range orders() {
		for _, file := range [][]byte{
			join(pcapHeader(o, 0xa1b2c3d4), record(o, 0, 0, 1, "a"), record(o, 0, 0, 1, "b")),
			join(section(o), iface(o, 1, 0), block(o, 77, "skipped"), enhanced(o, 0, 0, 1, "a"), section(o)),
		} {
			got, err := readAll(capfile.NewReader(iotest.OneByteReader(bytes.NewReader(file)), capfile.ReaderOptions{}), 5)
			if diff := cmp.Diff(mustRead(t, file), got); err != nil || diff != "" {
				t.Errorf("%s: %v %s", name, err, diff)
			}
		}
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken wire")
	stream := io.MultiReader(
		bytes.NewReader(join(pcapHeader(le, 0xa1b2c3d4), record(le, 0, 0, 1, "a"), []byte("xyz"))),
		iotest.ErrReader(broken),
	)
	for _, ahead := range []bool{false, true} {
		r := capfile.NewReader(stream, capfile.ReaderOptions{Name: "wire", ReadAhead: ahead})
		got, err := readAll(r, 8)
		if len(got) != 1 || !errors.Is(err, broken) || err.Error() != "read wire: at byte 44: broken wire" {
			t.Errorf("got %d packets and %v", len(got), err)
		}
		stream = io.MultiReader(
			bytes.NewReader(join(pcapHeader(le, 0xa1b2c3d4), record(le, 0, 0, 1, "a"), []byte("xyz"))),
			iotest.ErrReader(broken),
		)
		r.Close()
	}
}

func TestReadNothingForEver(t *testing.T) {
	for name, stream := range map[string]io.Reader{
		"at once":       silent{},
		"behind packet": io.MultiReader(bytes.NewReader(join(pcapHeader(le, 0xa1b2c3d4), record(le, 0, 0, 1, "a"))), silent{}),
	} {
		r := capfile.NewReader(stream, capfile.ReaderOptions{})
		defer r.Close()
		if _, err := readAll(r, 1); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	if _, err := capfile.Open(path, capfile.ReaderOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	writeFile(t, path, []byte("nothing of the kind"))
	r, err := capfile.Open(path, capfile.ReaderOptions{ReadAhead: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = readAll(r, 1)
	want := "read " + path + ": at byte 0: neither a pcap nor a pcapng file, but text; write the capture with: tcpdump -w"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if _, err := readAll(r, 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// Close stops read-ahead wherever it is.
func TestCloseEarly(t *testing.T) {
	before := runtime.NumGoroutine()
	file := gzipped(t, write(t, capfile.WriterOptions{}, samplePackets(20000)...))
	for _, batches := range []int{0, 1, 50} {
		path := filepath.Join(t.TempDir(), "a.pcap.gz")
		writeFile(t, path, file)
		r, err := capfile.Open(path, capfile.ReaderOptions{ReadAhead: true})
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]pipeline.Packet, 100)
		for range batches {
			if _, err := r.ReadBatch(dst); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	pipelinetest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestReadAllocatesNothing(t *testing.T) {
	packets := samplePackets(20000)
	for _, format := range []capfile.Format{capfile.Pcap, capfile.Pcapng} {
		file := write(t, capfile.WriterOptions{Encoder: capfile.Encoder{Format: format}}, packets...)
		for name, data := range map[string][]byte{"plain": file, "gzip": gzipped(t, file)} {
			r := capfile.NewReader(bytes.NewReader(data), capfile.ReaderOptions{ReadAhead: true, Lend: 3})
			dst := make([]pipeline.Packet, 64)
			for range 50 { // until it has all its buffers
				if _, err := r.ReadBatch(dst); err != nil {
					t.Fatal(err)
				}
			}
			allocs := testing.AllocsPerRun(200, func() {
				if _, err := r.ReadBatch(dst); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 {
				t.Errorf("%v, %s: %v allocations per batch", format, name, allocs)
			}
			r.Close()
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	packets := samplePackets(6)
	writeFile(t, filepath.Join(dir, "b.pcap"), write(t, capfile.WriterOptions{}, packets[2], packets[3]))
	writeFile(t, filepath.Join(dir, "a.pcap"), write(t, capfile.WriterOptions{}, packets[0], packets[1]))
	writeFile(t, filepath.Join(dir, "c[1].pcapng"),
		write(t, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng}}, packets[5]))
	stdin := bytes.NewReader(write(t, capfile.WriterOptions{}, packets[4]))

	paths, err := capfile.Expand(filepath.Join(dir, "*.pcap"), "-", filepath.Join(dir, "c[1].pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	f := capfile.NewFiles(t.Context(), paths, capfile.FilesOptions{Stdin: stdin, ReadAhead: true})
	got, err := readAll(f, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asWritten(packets), got); diff != "" {
		t.Error(diff)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestFilesErrors(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.pcap"), filepath.Join(dir, "bad.pcap")
	writeFile(t, good, write(t, capfile.WriterOptions{}, samplePackets(2)...))
	writeFile(t, bad, nil)
	for _, tc := range []struct {
		name  string
		paths []string
		want  string
	}{
		{"empty file", []string{good, bad, good}, "read " + bad + ": at byte 0: the file is empty"},
		{"missing file", []string{good, dir + "/none"}, "open " + dir + "/none: no such file or directory"},
		{"directory", []string{good, dir}, "read " + dir + ": at byte 0: is a directory"},
		{"empty stdin", []string{good, "-"}, "read standard input: at byte 0: the file is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := capfile.NewFiles(t.Context(), tc.paths, capfile.FilesOptions{Stdin: strings.NewReader("")})
			defer f.Close()
			got, err := readAll(f, 10)
			if len(got) != 2 || err == nil || err.Error() != tc.want {
				t.Errorf("got %d packets and %v", len(got), err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if _, again := f.ReadBatch(make([]pipeline.Packet, 1)); again != err {
				t.Errorf("after Close: %v, want %v", again, err)
			}
		})
	}
	closed := capfile.NewFiles(t.Context(), []string{good}, capfile.FilesOptions{})
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	if _, err := readAll(closed, 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for pattern, want := range map[string]string{
		dir + "/*.none": "file does not exist", good + "/a.pcap": "not a directory", "[": "syntax error in pattern",
	} {
		paths, err := capfile.Expand(good, pattern)
		if err == nil || err.Error() != "find files "+pattern+": "+want || paths != nil {
			t.Errorf("%s: got %q, %v", pattern, paths, err)
		}
	}
}

// A silent standard input does not outlast its context.
func TestFilesInterrupt(t *testing.T) {
	stdin, stdinEnd := io.Pipe()
	defer stdinEnd.Close()
	for _, ahead := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		f := capfile.NewFiles(ctx, []string{"-"}, capfile.FilesOptions{Stdin: stdin, ReadAhead: ahead})
		result := make(chan error)
		go func() {
			_, err := readAll(f, 1)
			result <- err
		}()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What has come through a pipe is delivered before more comes.
func TestFilesLive(t *testing.T) {
	stdin, feed := io.Pipe()
	f := capfile.NewFiles(t.Context(), []string{"-"}, capfile.FilesOptions{Stdin: stdin, ReadAhead: true})
	defer f.Close()
	go feed.Write(join(pcapHeader(le, 0xa1b2c3d4), record(le, 0, 0, 1, "a")))
	dst := make([]pipeline.Packet, 10)
	for i := range 3 {
		n, err := f.ReadBatch(dst)
		if n != 1 || err != nil {
			t.Fatalf("batch %d: got %d packets and %v", i, n, err)
		}
		go feed.Write(record(le, 0, 0, 1, "a"))
	}
	feed.Close()
}

func writeFile(tb testing.TB, path string, octets []byte) {
	tb.Helper()
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// A file that comes byte by byte ends with the same error as one that comes at once.
func TestEndByteByByte(t *testing.T) {
	file := join(pcapHeader(le, 0xa1b2c3d4), record(le, 0, 0, 1, "a"), record(le, 0, 0, 300, strings.Repeat("b", 300)))
	file = file[:len(file)-7]
	_, want := read(file, capfile.ReaderOptions{})
	_, got := readAll(capfile.NewReader(iotest.OneByteReader(bytes.NewReader(file)), capfile.ReaderOptions{}), 5)
	if want == nil || got == nil || got.Error() != want.Error() {
		t.Errorf("error %v, want %v", got, want)
	}
}

// TestLend keeps packets of as many batches as are lent, from streams that come in pieces of
// all sizes, and wants their bytes to stay as they are.
func TestLend(t *testing.T) {
	packets := samplePackets(6000)
	for i, size := range map[int]int{900: capfile.MaxPacket, 901: 66_000, 2500: 66_000, 2501: capfile.MaxPacket, 2502: 100_000, 5999: capfile.MaxPacket} {
		packets[i].Data = bytes.Repeat(packets[i].Data, 1+size/len(packets[i].Data))[:size]
		packets[i].Length = size
	}
	want := asWritten(packets)
	plain := write(t, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng}}, packets...)
	for name, file := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain)} {
		for shape, stream := range map[string]func(io.Reader) io.Reader{
			"whole":     func(r io.Reader) io.Reader { return r },
			"thousands": func(r io.Reader) io.Reader { return pieces{r, 4093} },
			"halves":    iotest.HalfReader,
		} {
			for _, lend := range []int{0, 1, 2, 9} {
				o := capfile.ReaderOptions{ReadAhead: true, Lend: lend}
				r := capfile.NewReader(stream(bytes.NewReader(file)), o)
				got, err := lent(r, 70, max(1, lend))
				if err != nil || !cmp.Equal(want, got) {
					t.Errorf("%s, %s, %d batches lent: the packets differ, error %v", name, shape, lend, err)
				}
				r.Close()
			}
		}
	}
}

// lent reads all packets, in batches of a size, and takes those of each batch when the next ones have
// been read, as long as they are lent.
func lent(r *capfile.Reader, size, batches int) (all []captured, err error) {
	var kept [][]pipeline.Packet
	for err == nil {
		if len(kept) == batches {
			all = append(all, taken(kept[0])...)
			kept = kept[1:]
		}
		batch := make([]pipeline.Packet, size)
		var n int
		n, err = r.ReadBatch(batch)
		kept = append(kept, batch[:n])
	}
	for _, batch := range kept {
		all = append(all, taken(batch)...)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return all, err
}

func taken(batch []pipeline.Packet) (all []captured) {
	for i := range batch {
		all = append(all, of(&batch[i]))
	}
	return all
}

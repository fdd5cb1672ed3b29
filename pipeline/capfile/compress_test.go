package capfile_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

func gzipped(tb testing.TB, octets []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	closeWritten(tb, z, octets)
	return buf.Bytes()
}

func zstdCompressed(tb testing.TB, octets []byte, o ...zstd.EOption) []byte {
	tb.Helper()
	var buf bytes.Buffer
	z, err := zstd.NewWriter(&buf, o...)
	if err != nil {
		tb.Fatal(err)
	}
	closeWritten(tb, z, octets)
	return buf.Bytes()
}

// rawFrame is a zstd frame with a window of the given descriptor and one block that is not
// compressed (RFC 8878, section 3.1.1).
func rawFrame(window byte, octets []byte) []byte {
	size := len(octets)<<3 | 1 // the last block
	return join([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, window, byte(size), byte(size >> 8), byte(size >> 16)}, octets)
}

func closeWritten(tb testing.TB, w io.WriteCloser, octets []byte) {
	tb.Helper()
	if _, err := w.Write(octets); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
}

func TestReadCompressed(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	plain := write(t, capfile.WriterOptions{}, samplePackets(6000)...)
	half := len(plain) / 2
	skippableOf := func(number byte) []byte { return []byte{0x50 + number, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 0, 0, 0} }
	skippable := skippableOf(10)
	want := mustRead(t, plain)
	for _, tc := range []struct {
		name string
		file []byte
	}{
		{"gzip", gzipped(t, plain)},
		{"gzip members", join(gzipped(t, plain[:half]), gzipped(t, nil), gzipped(t, plain[half:]))},
		{"zstd", zstdCompressed(t, plain)},
		{"zstd frames", join(zstdCompressed(t, plain[:half]), zstdCompressed(t, plain[half:]))},
		{"zstd skippable frames", join(skippable, zstdCompressed(t, plain[:half]), skippable, zstdCompressed(t, plain[half:]))},
		{"zstd lowest skippable frame", join(skippableOf(0), zstdCompressed(t, plain))},
		{"zstd highest skippable frame", join(skippableOf(15), zstdCompressed(t, plain))},
		{"zstd largest window", join(rawFrame(0x88, plain[:1000]), zstdCompressed(t, plain[1000:]))},
		{"zstd checksum and large window", zstdCompressed(t, plain, zstd.WithEncoderCRC(true), zstd.WithWindowSize(32<<20))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, ahead := range []bool{false, true} {
				got, err := read(tc.file, capfile.ReaderOptions{ReadAhead: ahead})
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("read ahead %t: %d packets of %d, %v", ahead, len(got), len(want), err)
				}
			}
		})
	}
}

func TestCompressedDamage(t *testing.T) {
	plain := write(t, capfile.WriterOptions{}, samplePackets(6000)...)
	gz, zst := gzipped(t, plain), zstdCompressed(t, plain)
	wrongSum := bytes.Clone(gz)
	wrongSum[len(gz)-8] ^= 1
	wideWindow := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00} // of 3.75 TiB
	for _, tc := range []struct {
		name string
		file []byte
		some bool // packets in front
		want string
	}{
		{"gzip cut", gz[:len(gz)/2], true, "decompress gzip: unexpected EOF"},
		{"gzip header cut", gz[:5], false, "at byte 0: decompress gzip: unexpected EOF"},
		{"gzip checksum", wrongSum, true, "decompress gzip: gzip: invalid checksum"},
		{"gzip of nothing", gzipped(t, nil), false, "at byte 0: the file is empty"},
		{"gzip of text", gzipped(t, []byte("text")), false, "neither a pcap nor a pcapng file, but text"},
		{"zstd cut", zst[:len(zst)/2], true, "decompress zstd: unexpected EOF"},
		{"zstd window a little too large", rawFrame(0x89, plain[:1000]), false, "at byte 0: decompress zstd: window size exceeded"},
		{"zstd window", wideWindow, false, "at byte 0: decompress zstd: window size exceeded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, ahead := range []bool{false, true} {
				got, err := read(tc.file, capfile.ReaderOptions{ReadAhead: ahead})
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v", err)
				}
				if (len(got) > 0) != tc.some {
					t.Errorf("got %d packets", len(got))
				}
			}
		})
	}
}

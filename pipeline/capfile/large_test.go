package capfile_test

import (
	"bytes"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// comments are options of so many bytes.
func comments(o order, n int) (options []byte) {
	for len(options) < n {
		options = append(options, option(o, 1, bytes.Repeat([]byte("x"), 60000))...)
	}
	return options
}

// Blocks that are larger than the reader's buffer are read as well, and so is what
// follows their large options.
func TestReadLargeBlocks(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			const large = 3 << 20
			file := join(
				block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(0), ^uint64(0), comments(o, large)),
				iface(o, 1, 0, comments(o, large), option(o, 9, uint8(9))),
				enhanced(o, 0, 5, 9, "first", comments(o, large), option(o, 2, uint32(2))),
				enhanced(o, 0, 6, 9, "second", comments(o, 400_000)),
				block(o, 3, uint32(4), "four"),
				enhanced(o, 0, 7, 9, "last", comments(o, capfile.MaxBlock-100_000)),
			)
			want := []captured{
				{"first", 9, 5, 1, linklayer.TypeOutgoing}, {"second", 9, 6, 1, 0}, {"four", 4, 0, 1, 0}, {"last", 9, 7, 1, 0},
			}
			for _, data := range [][]byte{file, zstdCompressed(t, file)} {
				o := capfile.ReaderOptions{ReadAhead: true, Lend: 2}
				r := capfile.NewReader(iotest.HalfReader(bytes.NewReader(data)), o)
				got, err := lent(r, 2, 2)
				if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				r.Close()
			}
		})
	}
}

// A block's claim alone takes no memory, and the largest one a bounded multiple.
func TestLargeBlockMemory(t *testing.T) {
	claim := join(section(le), iface(le, 1, 0), fields(le, uint32(6), uint32(capfile.MaxBlock)), make([]byte, 1000))
	largest := join(claim, make([]byte, capfile.MaxBlock))
	for _, tc := range []struct {
		name string
		file []byte
		o    capfile.ReaderOptions
		most uint64
	}{
		{"claim", claim, capfile.ReaderOptions{}, 1 << 20},
		{"largest", largest, capfile.ReaderOptions{}, 6 * capfile.MaxBlock},
		{"lent", largest, capfile.ReaderOptions{Lend: 8}, 6 * capfile.MaxBlock},
		{"ahead", zstdCompressed(t, largest), capfile.ReaderOptions{ReadAhead: true, Lend: 8}, 11 * capfile.MaxBlock},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := capfile.NewReader(bytes.NewReader(tc.file), tc.o)
		if _, err := readAll(r, 1); err == nil {
			t.Errorf("%s: read without error", tc.name)
		}
		runtime.ReadMemStats(&after)
		r.Close()
		got := after.TotalAlloc - before.TotalAlloc
		if got > tc.most {
			t.Errorf("%s: %d bytes allocated, more than %d", tc.name, got, tc.most)
		}
		t.Logf("%s: %d MiB", tc.name, got>>20)
	}
}

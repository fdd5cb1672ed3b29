package capfile_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket/pcapgo"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// captures names more captures for TestDifferential.
var captures = flag.String("captures", "", "folders and files with more captures to compare, separated by commas")

// TestDifferential reads every capture of the repository with the readers of
// gopacket/pcapgo too, and compares the number of packets, and each one's bytes,
// lengths, time and link type. Which files those readers refuse is logged.
func TestDifferential(t *testing.T) {
	roots := []string{"../../testdata"}
	if *captures != "" {
		roots = append(roots, strings.Split(*captures, ",")...)
	}
	compared, packets := 0, 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || !isCapture(path) && path != root {
				return err
			}
			n, err := differ(path)
			var refused refusedError
			switch {
			case errors.As(err, &refused):
				t.Logf("%s: %v", path, err)
			case err != nil:
				t.Errorf("%s: %v", path, err)
			default:
				compared++
				packets += n
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d packets of %d files are the same", packets, compared)
	if compared < 10 {
		t.Error("too few files, so that the test tests too little")
	}
}

func isCapture(path string) bool {
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".zst")
	return slices.Contains([]string{".pcap", ".pcapng", ".cap", ".ntar"}, filepath.Ext(name))
}

// refusedError is the error for a file that gopacket can't read.
type refusedError struct{ error }

// differ compares a file packet by packet and returns their number. As far as
// gopacket reads a file, we have to.
func differ(path string) (packets int, err error) {
	plain, err := plainReader(path)
	if err != nil {
		return 0, refusedError{fmt.Errorf("neither reader is asked: %w", err)}
	}
	ours, err := capfile.Open(path, capfile.ReaderOptions{})
	if err != nil {
		return 0, err
	}
	defer ours.Close()
	theirs, err := newTheirs(plain)
	if err != nil {
		return 0, refusedError{fmt.Errorf("gopacket: %w", err)}
	}
	batch := make([]pipeline.Packet, 1)
	for {
		want, exact, theirErr := theirs.next()
		n, ourErr := ours.ReadBatch(batch)
		switch {
		case theirErr != nil && !errors.Is(theirErr, io.EOF):
			return packets, refusedError{fmt.Errorf("gopacket: packet %d: %w; ours: %v", packets+1, theirErr, ourErr)}
		case errors.Is(theirErr, io.EOF) && errors.Is(ourErr, io.EOF):
			return packets, nil
		case theirErr != nil:
			return packets, fmt.Errorf("gopacket ends after %d packets, ours goes on: %d, %v", packets, n, ourErr)
		case ourErr != nil:
			return packets, fmt.Errorf("ours ends after %d packets, gopacket goes on: %w", packets, ourErr)
		}
		packets++
		if diff := diffPcapgo(of(&batch[0]), want, exact); diff != "" {
			return packets, fmt.Errorf("packet %d (-ours +gopacket):\n%s", packets, diff)
		}
	}
}

// plainReader returns a file's bytes without compression.
func plainReader(path string) ([]byte, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r io.Reader = bytes.NewReader(file)
	switch {
	case bytes.HasPrefix(file, []byte{0x1f, 0x8b}):
		if r, err = gzip.NewReader(r); err != nil {
			return nil, err
		}
	case bytes.HasPrefix(file, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		r = z
	}
	return io.ReadAll(r)
}

// theirs reads a file with gopacket.
type theirs struct {
	packetReader
	next func() (p captured, exactTime bool, err error)
}

func newTheirs(file []byte) (*theirs, error) {
	r, link, err := pcapgoOpen(file)
	if err != nil {
		return nil, err
	}
	t := &theirs{packetReader: r}
	t.next = func() (p captured, exact bool, err error) {
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
		}()
		data, info, err := r.ReadPacketData()
		if err != nil {
			return p, false, err
		}
		exact = !info.Timestamp.IsZero() // of a simple packet block
		if ng, ok := r.(*pcapgo.NgReader); ok {
			i, err := ng.Interface(info.InterfaceIndex)
			exact = exact && err == nil && !i.TimestampResolution.Binary() && i.TimestampResolution.Exponent() <= 9 && i.TimestampOffset == 0
		}
		p = captured{string(data), max(info.Length, len(data)), pipeline.InstantOf(info.Timestamp), link(info), linklayer.TypeUnknown}
		return p, exact, nil
	}
	return t, nil
}

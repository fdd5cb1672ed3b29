package capfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// inputSize is the size of the buffer in front of a decompressor.
const inputSize = 64 << 10

// maxWindow is the largest window of a zstd frame, that of the zstd program.
const maxWindow = 128 << 20

// decompressor reads what a stream holds, whether it is compressed or not.
type decompressor struct {
	in   *bufio.Reader
	out  io.Reader // nil before start
	kind string    // "gzip", "zstd" or ""
	free func()    // nil where there is nothing to free
}

func newDecompressor(r io.Reader) *decompressor {
	return &decompressor{in: bufio.NewReaderSize(r, inputSize)}
}

// start looks at the stream's first bytes, and reports whether it is compressed. It is
// to be called once, before the first Read.
func (d *decompressor) start() (compressed bool, err error) {
	magic, err := d.in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch {
	case isGzip(magic):
		err = d.startGzip()
	case isZstd(magic):
		err = d.startZstd()
	default:
		d.out = d.in
		return false, nil
	}
	return true, d.explain(err)
}

func (d *decompressor) Read(p []byte) (int, error) {
	n, err := d.out.Read(p)
	return n, d.explain(err)
}

func isGzip(magic []byte) bool { return bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) }

// isZstd recognises a frame and a skippable frame, with which some programs begin
// (RFC 8878, section 3.1).
func isZstd(magic []byte) bool {
	if len(magic) < 4 {
		return false
	}
	skippable := magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18})
	return skippable || bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd})
}

func (d *decompressor) startGzip() error {
	d.kind = "gzip"
	z, err := gzip.NewReader(d.in)
	if err != nil {
		return err
	}
	d.out = z
	return nil
}

func (d *decompressor) startZstd() error {
	d.kind = "zstd"
	z, err := zstd.NewReader(d.in,
		zstd.WithDecoderConcurrency(1), // no goroutines, no buffers in flight
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow),
	)
	if err != nil {
		return err
	}
	d.out, d.free = z, z.Close
	return nil
}

// explain says of an error that it is the decompressor's.
func (d *decompressor) explain(err error) error {
	if err == nil || errors.Is(err, io.EOF) || d.kind == "" {
		return err
	}
	return fmt.Errorf("decompress %s: %w", d.kind, err)
}

func (d *decompressor) close() {
	if d.free != nil {
		d.free()
	}
}

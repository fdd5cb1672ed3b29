package capfile

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressed reports whether a file's name has the ending of a compression.
func Compressed(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".zst", ".xz", ".bz2", ".lz4", ".lzma", ".lzo", ".lz", ".z", ".zip", ".7z":
		return true
	}
	return false
}

// Compressor returns what compresses for a file whose name ends in .gz or .zst, the
// same bytes each time. It is nil for other names; those of other compressions are
// an error. Closing it writes what is left, and does not close w.
func Compressor(path string, w io.Writer) (io.WriteCloser, error) {
	switch end := strings.ToLower(filepath.Ext(path)); {
	case end == ".gz":
		return gzip.NewWriter(w), nil
	case end == ".zst":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	case Compressed(path):
		return nil, fmt.Errorf("%s: %s files are not written; end the name in .gz or .zst, or leave the last ending out", path, end)
	}
	return nil, nil
}

// withoutCompression cuts the ending that asks for compression off a file's name.
func withoutCompression(path string) string {
	switch end := filepath.Ext(path); strings.ToLower(end) {
	case ".gz", ".zst":
		return strings.TrimSuffix(path, end)
	}
	return path
}

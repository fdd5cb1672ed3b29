package capfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pmtud/pmtud/pipeline"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Expand returns the paths of the files that patterns name, in their order. A
// pattern is a path, Stdin, or a pattern of [filepath.Match], whose files come
// sorted by name. A pattern that names no file is an error.
func Expand(patterns ...string) ([]string, error) {
	var paths []string
	for _, pattern := range patterns {
		_, missing := os.Stat(pattern)
		if missing == nil || pattern == Stdin {
			paths = append(paths, pattern)
			continue
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("find files %s: %w", pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("find files %s: %w", pattern, whyNone(missing))
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

// whyNone returns why a pattern names no file, by the error of looking for a file of
// that name: Glob says nothing of folders that can't be searched.
func whyNone(missing error) error {
	known, ok := errors.AsType[*fs.PathError](missing)
	if !ok || errors.Is(missing, fs.ErrNotExist) {
		return fs.ErrNotExist
	}
	return known.Err
}

// FilesOptions are the options of [Files].
type FilesOptions struct {
	Stdin     io.Reader // what the path Stdin stands for; the default is os.Stdin
	ReadAhead bool      // as of a Reader
	Lend      int       // as of a Reader

	// Warn is told what is odd, as of a Reader. May be nil.
	Warn func(warning error)
}

// Files reads capture files one after another, each opened when its turn comes. It
// ends at the first error. Its methods are not to be called concurrently.
type Files struct {
	ctx     context.Context //nolint:containedctx // ends waiting for a stream
	options FilesOptions
	paths   []string // still to be read
	reader  *Reader  // of the file at hand, nil between two files
	stream  io.Closer
	err     error
}

// NewFiles returns the reader of paths, which are as [Expand] returns them. It
// opens nothing yet. When ctx is done, ReadBatch returns its cause, even while it
// waits for standard input or a named pipe.
func NewFiles(ctx context.Context, paths []string, o FilesOptions) *Files {
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	return &Files{ctx: ctx, options: o, paths: paths}
}

// ReadBatch reads packets: see [BatchReader]. A batch holds packets of one file.
func (f *Files) ReadBatch(dst []pipeline.Packet) (int, error) {
	for f.err == nil {
		if f.err = context.Cause(f.ctx); f.err != nil {
			break
		}
		if f.reader == nil {
			f.err = f.open()
			continue
		}
		n, err := f.reader.ReadBatch(dst)
		if err == nil {
			return n, nil
		}
		f.err = f.closeFile()
		if !errors.Is(err, io.EOF) {
			f.err = err
		}
	}
	return 0, f.err
}

// open opens the next file.
func (f *Files) open() error {
	if len(f.paths) == 0 {
		return io.EOF
	}
	path := f.paths[0]
	stream, err := f.openStream(path)
	if err != nil {
		return err
	}
	f.paths = f.paths[1:]
	f.stream = stream
	f.reader = NewReader(stream, ReaderOptions{
		Name: displayName(path), ReadAhead: f.options.ReadAhead, Lend: f.options.Lend, Warn: f.options.Warn,
	})
	return nil
}

func displayName(path string) string {
	if path == Stdin {
		return "standard input"
	}
	return path
}

func (f *Files) openStream(path string) (io.ReadCloser, error) {
	if path == Stdin {
		return interruptible(f.ctx, func() (io.ReadCloser, error) { return io.NopCloser(f.options.Stdin), nil }), nil
	}
	// Pipes and devices have no size. Some files of the kernel's own call themselves regular
	// and empty, and wait.
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return interruptible(f.ctx, func() (io.ReadCloser, error) { return os.Open(path) }), nil
	}
	return os.Open(path)
}

func (f *Files) closeFile() error {
	if f.reader == nil {
		return nil
	}
	err := errors.Join(f.stream.Close(), f.reader.Close())
	f.reader, f.stream = nil, nil
	return err
}

// Close closes the file at hand. Packets read before are no longer valid.
func (f *Files) Close() error {
	if f.err == nil {
		f.err = os.ErrClosed
	}
	return f.closeFile()
}

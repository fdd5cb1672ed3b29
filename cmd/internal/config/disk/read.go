// Package disk finds and reads the files of a configuration, within bounds of time and
// size.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	// maxFile bounds the bytes of a file that is read, and maxFiles those of all files
	// of a configuration together.
	maxFile  = 1 << 20
	maxFiles = 8 << 20

	// readTimeout bounds how long a file may take to be read: a pipe that nobody writes
	// to, a device, a file of a server that is gone. It is shorter than a service waits for
	// a reload.
	readTimeout = 8 * time.Second

	// pipePoll is how often a pipe is looked at that nobody has opened for writing yet.
	pipePoll = 20 * time.Millisecond
)

// Reader reads the files of a configuration, and keeps what they come to within bounds.
type Reader struct {
	ctx  context.Context //nolint:containedctx // ends waiting for a file
	left int             // bytes that may still be read

	Included []string           // files that variables were read from
	includes map[string]include // what they hold
}

// include is what a variable's file holds, or why it can't be read.
type include struct {
	text string
	err  error
}

// NewReader returns a reader that waits no longer than ctx lasts.
func NewReader(ctx context.Context) *Reader {
	return &Reader{ctx: ctx, left: maxFiles, includes: map[string]include{}}
}

// Read returns what a file holds. Pipes and devices are read too, unless it must be a
// regular file.
func (r *Reader) Read(name string, onlyRegular bool) ([]byte, error) {
	data, err := patiently(r.ctx, func(ctx context.Context) ([]byte, error) {
		return readFile(ctx, name, onlyRegular)
	})
	if err != nil {
		return nil, cause(err)
	}
	if r.left -= len(data); r.left < 0 {
		return nil, errors.New("does not fit: all files together are larger than 8 MiB")
	}
	return data, nil
}

// Include returns what the file of a variable holds, which is read once.
func (r *Reader) Include(path string) (string, error) {
	if known, ok := r.includes[path]; ok {
		return known.text, known.err
	}
	r.Included = append(r.Included, path) // if it is missing, it may come
	text, err := r.Read(path, true)
	if !utf8.Valid(text) {
		err = errors.New("is not UTF-8")
	}
	r.includes[path] = include{string(text), err}
	return string(text), err
}

// leftBehind counts calls that took too long and still go on, each of which may keep a thread.
var leftBehind atomic.Int32

const mostLeftBehind = 16 // a file that is watched is read again and again

// patiently returns what f does, but waits no longer than readTimeout and no longer
// than ctx lasts. A call that heeds neither is left behind: not even opening a file of a
// server that is gone can be given up.
func patiently[T any](ctx context.Context, f func(context.Context) (T, error)) (none T, _ error) {
	type result struct {
		value T
		err   error
	}
	if n := leftBehind.Load(); n >= mostLeftBehind {
		return none, fmt.Errorf("a file system does not answer: %d reads still go on", n)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, fmt.Errorf("takes longer than %v", readTimeout))
	defer cancel()
	done := make(chan result, 1)
	go func() {
		value, err := f(ctx)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		if ctx.Err() == nil { // or else the deadline of its file may have come first
			return r.value, r.err
		}
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			leftBehind.Add(1)
			go func() { <-done; leftBehind.Add(-1) }()
		}
	}
	return none, context.Cause(ctx)
}

// readFile opens a file without waiting for anybody, looks at what it is and reads it.
func readFile(ctx context.Context, name string, onlyRegular bool) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|openWithoutWaiting, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case onlyRegular && !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	// A file that can't be waited for has no deadline; then its reads don't wait.
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	return readAll(ctx, f, info.Mode())
}

// readAll reads a file to its end. That of a pipe comes after somebody has written.
func readAll(ctx context.Context, f *os.File, mode fs.FileMode) ([]byte, error) {
	for {
		data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
		switch {
		case err != nil:
			return nil, err
		case len(data) > maxFile:
			return nil, errors.New("is larger than 1 MiB")
		case len(data) > 0 || mode&fs.ModeNamedPipe == 0:
			return data, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pipePoll):
		}
	}
}

// WithoutPath leaves out the file's name, which stands before the message already.
func WithoutPath(err error) error { return fmt.Errorf("read file: %w", cause(err)) }

func cause(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

package capfile

import (
	"context"
	"io"
)

// interruptible reads a stream whose opening or reading may wait for ever, such as
// standard input or a named pipe. When ctx is done, its reads end with the cause and
// the stream is closed. A goroutine that is waiting then, in a stream that doesn't
// heed its Close, is left behind: it ends when that wait does, and what it read
// is lost.
func interruptible(ctx context.Context, open func() (io.ReadCloser, error)) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		in.CloseWithError(copyStream(ctx, in, open))
	}()
	return out
}

func copyStream(ctx context.Context, to io.Writer, open func() (io.ReadCloser, error)) error {
	from, err := open()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = from.Close() })
	if ctx.Err() == nil {
		// Only Read: copying in other ways may not stop at to's end.
		_, err = io.CopyBuffer(to, struct{ io.Reader }{from}, make([]byte, inputSize))
	}
	if !stop() {
		return context.Cause(ctx)
	}
	if closeErr := from.Close(); err == nil {
		err = closeErr
	}
	return err
}

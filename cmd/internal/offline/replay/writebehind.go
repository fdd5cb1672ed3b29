package replay

import "io"

// writeBehind writes to a stream in a goroutine of its own, two buffers at the
// most behind.
type writeBehind struct {
	w    io.Writer
	full chan []byte
	free chan []byte
	done chan struct{}
	err  error // of the stream; read it after done or from the goroutine
}

// behindBuffers is the number of buffers under way.
const behindBuffers = 3

func newWriteBehind(w io.Writer) *writeBehind {
	b := &writeBehind{
		w:    w,
		full: make(chan []byte, behindBuffers), free: make(chan []byte, behindBuffers),
		done: make(chan struct{}),
	}
	for range behindBuffers {
		b.free <- nil
	}
	go b.run()
	return b
}

// run writes until close, or the first error.
func (b *writeBehind) run() {
	defer close(b.done)
	for buf := range b.full {
		if _, b.err = b.w.Write(buf); b.err != nil {
			return
		}
		b.free <- buf
	}
}

// Write takes a copy of p and writes it later. Its error may be that of an earlier
// call.
func (b *writeBehind) Write(p []byte) (int, error) {
	select {
	case <-b.done:
		return 0, b.err
	case buf := <-b.free:
		b.full <- append(buf[:0], p...)
		return len(p), nil
	}
}

// close waits until all is written. It may be called once.
func (b *writeBehind) close() error {
	close(b.full)
	<-b.done
	return b.err
}

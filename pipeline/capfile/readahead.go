package capfile

import (
	"io"
	"sync"
)

// readAhead reads chunks in a goroutine of its own, one ahead of that in use.
type readAhead struct {
	r       io.Reader
	loans   *loans
	current *chunk      // in use, nil before the first
	full    chan *chunk // closed by the goroutine at its end
	free    chan *chunk
	quit    chan struct{}
	reading sync.WaitGroup
	started bool
	err     error
}

func newReadAhead(r io.Reader, l *loans) *readAhead {
	return &readAhead{
		r: r, loans: l, full: make(chan *chunk, 2), free: make(chan *chunk, 2), quit: make(chan struct{}),
	}
}

func (a *readAhead) next(rest []byte) ([]byte, error) {
	a.start()
	if a.err != nil {
		return rest, a.err
	}
	c := <-a.full
	if a.err = c.err; c.n == 0 {
		return rest, a.err
	}
	c.prepend(rest)
	if a.current != nil {
		a.free <- a.loans.exchange(a.current)
	}
	a.loans.use(c)
	a.current = c
	return c.window(len(rest)), nil
}

func (a *readAhead) start() {
	if a.started {
		return
	}
	a.started = true
	a.free <- newChunk()
	a.free <- newChunk()
	a.reading.Go(a.read)
}

// read fills free chunks until the stream ends or the reader is closed. There is
// always room in the channel of full ones.
func (a *readAhead) read() {
	for {
		select {
		case <-a.quit:
			return
		case c := <-a.free:
			c.fill(a.r)
			failed := c.err != nil
			a.full <- c
			if failed {
				return
			}
		}
	}
}

func (a *readAhead) close() {
	close(a.quit)
	a.reading.Wait()
}

package capfile

import "io"

const (
	// chunkSize is the number of bytes that are asked for at once.
	chunkSize = 256 << 10

	// headroom is the space in front of a chunk for the beginning of a record of
	// which the chunk before it had the first bytes. It grows for larger ones.
	headroom = 80 << 10
)

// chunks hands out a stream piece by piece.
type chunks interface {
	// next returns rest, the unused end of the window that was returned before,
	// followed by at least one more byte unless there is an error. Packets in what
	// was returned before stay as they are while they are lent.
	next(rest []byte) ([]byte, error)

	// close ends what next began. The stream must be one whose reads return, or
	// have been closed.
	close()
}

// chunk is a buffer for a piece of a stream and the rest of the piece before it.
type chunk struct {
	buf  []byte // headroom, then n bytes
	head int    // the length of the headroom
	n    int
	err  error // after the bytes

	since uint64 // the call of ReadBatch from which on it is in use
}

func newChunk() *chunk { return &chunk{buf: make([]byte, headroom+chunkSize), head: headroom} }

// prepend puts rest in front of the bytes. It may be a part of the same chunk.
func (c *chunk) prepend(rest []byte) {
	if len(rest) > c.head {
		c.grow(len(rest))
	}
	copy(c.buf[c.head-len(rest):], rest)
}

// grow makes room for n bytes in front, and for at least as many at once that are read: so
// the bytes of a record are copied a few times only, however long it is.
func (c *chunk) grow(n int) {
	head := min(2*n, MaxBlock)
	buf := make([]byte, head+max(n, len(c.buf)-c.head))
	copy(buf[head:], c.buf[c.head:c.head+c.n])
	c.buf, c.head = buf, head
}

// window returns the bytes with the last of those in front of them.
func (c *chunk) window(rest int) []byte { return c.buf[c.head-rest : c.head+c.n] }

// fill reads what there is, at least one byte or an error.
func (c *chunk) fill(r io.Reader) {
	const patience = 100 // reads without result
	for range patience {
		c.n, c.err = r.Read(c.buf[c.head:])
		if c.n > 0 || c.err != nil {
			return
		}
	}
	c.err = io.ErrNoProgress
}

// direct reads chunks when they are asked for.
type direct struct {
	r     io.Reader
	loans *loans
	chunk *chunk
}

func (d *direct) next(rest []byte) ([]byte, error) {
	switch {
	case d.chunk == nil:
		d.chunk = newChunk()
	case d.chunk.err != nil:
		return rest, d.chunk.err
	default:
		d.chunk = d.loans.exchange(d.chunk)
	}
	d.loans.use(d.chunk)
	d.chunk.prepend(rest)
	d.chunk.fill(d.r)
	if d.chunk.n == 0 {
		return d.chunk.window(len(rest)), d.chunk.err
	}
	return d.chunk.window(len(rest)), nil
}

func (d *direct) close() {}

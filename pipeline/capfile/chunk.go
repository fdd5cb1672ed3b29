package capfile

import "io"

const (
	// chunkSize is the number of octets that are asked for at once.
	chunkSize = 256 << 10

	// headroom is the space in front of a chunk for the beginning of a record of
	// which the chunk before it had the first octets.
	headroom = MaxBlock
)

// chunks hands out a stream piece by piece.
type chunks interface {
	// next returns rest, the unused end of the window that was returned before,
	// followed by at least one more octet, or an error. What was returned before
	// is no longer valid.
	next(rest []byte) ([]byte, error)

	// close ends what next began. The stream must be one whose reads return, or
	// have been closed.
	close()
}

// chunk is a buffer for a piece of a stream and the rest of the piece before it.
type chunk struct {
	buf []byte // headroom, then n octets
	n   int
	err error // after the octets
}

func newChunk() *chunk { return &chunk{buf: make([]byte, headroom+chunkSize)} }

// prepend puts rest in front of the octets. It may be a part of the same chunk.
func (c *chunk) prepend(rest []byte) { copy(c.buf[headroom-len(rest):], rest) }

// window returns the octets with the last of those in front of them.
func (c *chunk) window(rest int) []byte { return c.buf[headroom-rest : headroom+c.n] }

// fill reads what there is, at least one octet or an error.
func (c *chunk) fill(r io.Reader) {
	const patience = 100 // reads without result
	for range patience {
		c.n, c.err = r.Read(c.buf[headroom:])
		if c.n > 0 || c.err != nil {
			return
		}
	}
	c.err = io.ErrNoProgress
}

// direct reads chunks when they are asked for.
type direct struct {
	r     io.Reader
	chunk *chunk
}

func (d *direct) next(rest []byte) ([]byte, error) {
	if d.chunk == nil {
		d.chunk = newChunk()
	}
	if d.chunk.err != nil {
		return nil, d.chunk.err
	}
	d.chunk.prepend(rest)
	d.chunk.fill(d.r)
	if d.chunk.n == 0 {
		return nil, d.chunk.err
	}
	return d.chunk.window(len(rest)), nil
}

func (d *direct) close() {}

package capfile

// loans knows which chunks hold packets that are still lent.
type loans struct {
	batches uint64 // that are lent at a time
	call    uint64 // of ReadBatch, the one under way
	lent    []loan // oldest first
}

// loan is a chunk that is no longer in use.
type loan struct {
	chunk *chunk
	until uint64 // the call from which on its last packets are no longer lent
}

func newLoans(batches int) *loans { return &loans{batches: uint64(max(1, batches))} }

// use notes that a chunk is in use from this call on.
func (l *loans) use(c *chunk) { c.since = l.call }

// exchange takes back a chunk that was in use, and returns one in which nothing is lent. That
// may be the same one.
func (l *loans) exchange(c *chunk) *chunk {
	if c.since == l.call {
		return c // no packet in it has been returned
	}
	l.lent = append(l.lent, loan{c, l.call - 1 + l.batches})
	if l.lent[0].until > l.call {
		return newChunk()
	}
	c = l.lent[0].chunk
	l.lent = append(l.lent[:0], l.lent[1:]...) // there are few
	return c
}

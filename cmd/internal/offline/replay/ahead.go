package replay

import (
	"context"
	"io"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// batchSize is the number of packets that are read at once: about as many as a reader has
// in its buffer.
const batchSize = 2048

// batchesOf returns the number of batches that are under way while so many captures are read
// together: the more there are, the fewer, since each capture's reader keeps what it has lent.
func batchesOf(captures int) int { return min(8, max(2, 32/max(1, captures))) }

// batch is a part of the captures.
type batch struct {
	packets  []pipeline.Packet
	number   uint64          // of the first one, where there is one capture
	places   []verdict.Place // of each, where there are several
	warnings []error         // of reading it
	err      error           // instead of packets

	// Known once it is prepared. Indices of packets ascend.
	prepared bool
	absent   []int  // those that the source would not have delivered; Verdict says why
	cut      []int  // those that lack bytes which the source would have delivered
	size     uint64 // in the captures, in bytes
}

// place returns where packet i is in the captures.
func (b *batch) place(i int) verdict.Place {
	at := verdict.Place{Number: b.number + uint64(i)}
	if len(b.places) > 0 {
		at = b.places[i]
	}
	_, at.Cut = slices.BinarySearch(b.cut, i)
	return at
}

// cutAmong returns how many packets from begin to before end lack bytes.
func (b *batch) cutAmong(begin, end int) uint64 {
	before, _ := slices.BinarySearch(b.cut, begin)
	upTo, _ := slices.BinarySearch(b.cut, end)
	return uint64(upTo - before)
}

// ahead reads captures in a goroutine of its own, some batches ahead of that which is decided
// about. Batches have to be prepared, too: whoever of the two is ahead of the other does it, so
// that both have something to do.
type ahead struct {
	captures *captures
	shape    *shape
	stop     context.CancelFunc
	batches  int // under way at the most
	free     chan *batch
	read     chan *batch // closed when nothing more comes
	inUse    *batch      // by whoever calls next

	// Of the goroutine.
	made    int // batches so far
	reading *batch
}

// readAhead begins to read captures, as openCaptures opens them.
func readAhead(ctx context.Context, paths []string, stdin io.Reader, s *shape, damaged func(error)) *ahead {
	n := batchesOf(len(paths))
	a := &ahead{shape: s, batches: n, free: make(chan *batch, n), read: make(chan *batch, n)}
	ctx, a.stop = context.WithCancel(ctx)
	warn := func(w error) { a.reading.warnings = append(a.reading.warnings, w) }
	a.captures = openCaptures(ctx, paths, capfile.FilesOptions{Stdin: stdin, ReadAhead: true, Lend: n, Warn: warn}, damaged)
	go a.run()
	return a
}

// next returns the next batch, prepared. It is lent until the next call. One with an error
// is the last.
func (a *ahead) next() *batch {
	if a.inUse != nil {
		a.free <- a.inUse
	}
	a.inUse = <-a.read
	if !a.inUse.prepared {
		a.shape.prepare(a.inUse)
	}
	return a.inUse
}

// close ends the reading and closes the captures.
func (a *ahead) close() {
	a.stop()
	close(a.free)
	for range a.read {
	}
	a.captures.close()
}

func (a *ahead) run() {
	defer close(a.read)
	for b := a.take(); b != nil; b = a.take() {
		a.fill(b)
		if len(a.read) >= a.batches/4 { // whoever decides is behind
			a.shape.prepare(b)
		}
		a.read <- b
		if b.err != nil {
			return
		}
	}
}

// take returns a batch that is free, or a new one while there are few. It returns nil after
// close.
func (a *ahead) take() *batch {
	if a.made < a.batches {
		select {
		case b := <-a.free:
			return b
		default:
			a.made++
			return &batch{packets: make([]pipeline.Packet, batchSize)}
		}
	}
	return <-a.free
}

// fill reads a batch.
func (a *ahead) fill(b *batch) {
	a.reading = b
	b.warnings = b.warnings[:0]
	n, err := a.captures.reader.ReadBatch(b.packets[:batchSize])
	b.packets, b.err, b.prepared = b.packets[:n], err, false
	a.captures.place(b)
}

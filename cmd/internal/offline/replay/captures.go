package replay

import (
	"context"
	"io"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// captures reads capture files as one, in the order of time, and knows where each
// packet is in them.
type captures struct {
	reader  capfile.BatchReader
	merge   *capfile.Merge // nil for a single file
	names   []string       // of the files
	numbers []uint64       // of packets so far, by file
	files   []*capfile.Files
}

// openCaptures opens no file yet. Files that are damaged end there; note is told why.
func openCaptures(ctx context.Context, paths []string, stdin io.Reader, warn, note func(error)) *captures {
	c := &captures{names: names(paths), numbers: make([]uint64, max(1, len(paths)))}
	var readers []capfile.BatchReader
	for _, path := range paths {
		f := capfile.NewFiles(ctx, []string{path}, capfile.FilesOptions{Stdin: stdin, ReadAhead: true, Warn: warn})
		c.files = append(c.files, f)
		readers = append(readers, &tolerant{ctx: ctx, reader: f, note: note})
	}
	if len(readers) == 1 {
		c.reader = readers[0]
		return c
	}
	c.merge = capfile.NewMerge(readers...)
	c.reader = c.merge
	return c
}

// place returns where packet i of the last batch is. It is to be called once for
// each of them, in their order.
func (c *captures) place(i int) verdict.Place {
	if c.merge == nil {
		c.numbers[0]++
		return verdict.Place{Number: c.numbers[0]}
	}
	from := c.merge.From(i)
	c.numbers[from]++
	return verdict.Place{Capture: c.names[from], Number: c.numbers[from]}
}

func (c *captures) close() {
	for _, f := range c.files {
		_ = f.Close() // reading is over
	}
}

// shape knows how a pipeline's first source would have delivered the packets of a
// capture.
type shape struct {
	reshaper pipeline.CaptureAdapter // nil if packets are delivered as they are
	zeros    []byte
}

func newShape(p *pipeline.Offline) *shape {
	for _, first := range p.Stages() {
		r, _ := first.(pipeline.CaptureAdapter)
		return &shape{reshaper: r}
	}
	return new(shape)
}

// apply makes p what the source would have delivered. It reports whether the capture
// lacks bytes that the source would have delivered, and why it would not have
// delivered the packet.
func (s *shape) apply(p *pipeline.Packet) (cut bool, absent string) {
	if s.reshaper == nil {
		return false, ""
	}
	if p.Truncated() {
		cut = s.deliversWhole(p)
	}
	return cut, s.reshaper.Adapt(p)
}

// deliversWhole reports whether the source would have delivered p with all its bytes.
func (s *shape) deliversWhole(p *pipeline.Packet) bool {
	if p.Length > capfile.MaxPacket {
		return false
	}
	if s.zeros == nil {
		s.zeros = make([]byte, capfile.MaxPacket)
	}
	whole := *p
	whole.Data = s.zeros[:p.Length]
	return s.reshaper.Adapt(&whole) == "" && !whole.Truncated()
}

package replay

import (
	"context"

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

// openCaptures opens no file yet. A damaged file ends at the damage, which damaged gets.
func openCaptures(ctx context.Context, paths []string, o capfile.FilesOptions, damaged func(error)) *captures {
	c := &captures{names: names(paths), numbers: make([]uint64, max(1, len(paths)))}
	var readers []capfile.BatchReader
	for _, path := range paths {
		f := capfile.NewFiles(ctx, []string{path}, o)
		c.files = append(c.files, f)
		readers = append(readers, &tolerant{ctx: ctx, reader: f, note: damaged})
	}
	if len(readers) == 1 {
		c.reader = readers[0]
		return c
	}
	c.merge = capfile.NewMerge(readers...)
	c.reader = c.merge
	return c
}

// place notes where the packets of the batch that was read last are.
func (c *captures) place(b *batch) {
	if c.merge == nil {
		b.number = c.numbers[0] + 1
		c.numbers[0] += uint64(len(b.packets))
		return
	}
	b.places = b.places[:0]
	for i := range b.packets {
		from := c.merge.From(i)
		c.numbers[from]++
		b.places = append(b.places, verdict.Place{Capture: c.names[from], Number: c.numbers[from]})
	}
}

func (c *captures) close() {
	for _, f := range c.files {
		_ = f.Close() // reading is over
	}
}

package capfile

import (
	"errors"
	"io"

	"github.com/pmtud/pmtud/pipeline"
)

// mergeBatch is the number of packets that a Merge reads at once from each reader.
const mergeBatch = 256

// Merge reads several captures at once and orders their packets by time; packets
// with the same time stamp by the order of the readers. The order of packets within
// each capture stays as it is, also where their time stamps step back. Merge ends
// at the first error of a reader, after the packets that come before it in time.
type Merge struct {
	from  []int   // of the packets returned last, the index of their reader
	heads []*head // a heap, the next packet's first
	empty []*head // those that must read before the next packet is known
	err   error
}

// head is what has been read from one reader.
type head struct {
	order   int
	reader  BatchReader
	buf     []pipeline.Packet
	packets []pipeline.Packet // not yet merged
}

func (h *head) before(o *head) bool {
	a, b := h.packets[0].Time, o.packets[0].Time
	return a < b || a == b && h.order < o.order
}

// NewMerge returns a Merge of readers. It reads nothing yet. The caller closes the
// readers.
func NewMerge(readers ...BatchReader) *Merge {
	m := &Merge{}
	for i, r := range readers {
		m.empty = append(m.empty, &head{order: i, reader: r, buf: make([]pipeline.Packet, mergeBatch)})
	}
	return m
}

// ReadBatch reads packets: see [BatchReader].
func (m *Merge) ReadBatch(dst []pipeline.Packet) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	// Bytes handed out before are no longer needed.
	for len(m.empty) > 0 && m.err == nil {
		m.refill()
	}
	if m.err != nil {
		return 0, m.err
	}
	n := 0
	m.from = m.from[:0]
	for n < len(dst) && len(m.empty) == 0 && len(m.heads) > 0 {
		m.from = append(m.from, m.heads[0].order)
		dst[n] = m.take()
		n++
	}
	if n == 0 {
		m.err = io.EOF
	}
	return n, m.err
}

// From returns the index of the reader that packet i of the last batch came from.
func (m *Merge) From(i int) int { return m.from[i] }

// refill reads from the last of the readers that have to, and gives up one that is
// at its end.
func (m *Merge) refill() {
	last := len(m.empty) - 1
	h := m.empty[last]
	n, err := h.reader.ReadBatch(h.buf)
	switch {
	case err == nil:
		h.packets = h.buf[:n]
		m.push(h)
	case !errors.Is(err, io.EOF):
		m.err = err
		return
	}
	m.empty = m.empty[:last]
}

// take returns the next packet.
func (m *Merge) take() pipeline.Packet {
	h := m.heads[0]
	p := h.packets[0]
	if h.packets = h.packets[1:]; len(h.packets) > 0 {
		m.down()
		return p
	}
	m.empty = append(m.empty, h)
	last := len(m.heads) - 1
	m.heads[0] = m.heads[last]
	m.heads = m.heads[:last]
	m.down()
	return p
}

// push adds h to the heap.
func (m *Merge) push(h *head) {
	m.heads = append(m.heads, h)
	for i := len(m.heads) - 1; i > 0; {
		parent := (i - 1) / 2
		if !m.heads[i].before(m.heads[parent]) {
			return
		}
		m.heads[i], m.heads[parent] = m.heads[parent], m.heads[i]
		i = parent
	}
}

// down restores the heap when its first element has changed.
func (m *Merge) down() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.heads); child++ {
			if m.heads[child].before(m.heads[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heads[i], m.heads[least] = m.heads[least], m.heads[i]
		i = least
	}
}

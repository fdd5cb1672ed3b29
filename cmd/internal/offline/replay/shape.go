package replay

import (
	"sync"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// shape knows how a pipeline's first source would have delivered the packets of a
// capture. It is for several goroutines.
type shape struct {
	reshaper pipeline.CaptureAdapter // nil if packets are delivered as they are
}

func newShape(p *pipeline.Offline) *shape {
	for _, first := range p.Stages() {
		r, _ := first.(pipeline.CaptureAdapter)
		return &shape{reshaper: r}
	}
	return new(shape)
}

// prepare makes the packets of a batch what the source would have delivered, and decodes them.
func (s *shape) prepare(b *batch) {
	b.prepared, b.absent, b.cut, b.size = true, b.absent[:0], b.cut[:0], 0
	for i := range b.packets {
		p := &b.packets[i]
		b.size += uint64(len(p.Data))
		cut, absent := s.apply(p)
		p.Decode()
		switch {
		case absent != "":
			p.Verdict = pipeline.Verdict{Reason: absent}
			b.absent = append(b.absent, i)
		case cut:
			b.cut = append(b.cut, i)
		}
	}
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
	whole := *p
	whole.Data = zeros()[:p.Length]
	return s.reshaper.Adapt(&whole) == "" && !whole.Truncated()
}

// zeros returns as many as the largest packet has bytes.
var zeros = sync.OnceValue(func() []byte { return make([]byte, capfile.MaxPacket) })

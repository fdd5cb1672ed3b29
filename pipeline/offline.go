package pipeline

import (
	"iter"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// A CaptureAdapter is a Source that can tell how it would have delivered a packet that
// was captured by other means, so that a capture can stand for it.
type CaptureAdapter interface {
	Source

	// Adapt changes p to what the source would have delivered. It may cut Data, not
	// change its bytes. It needs no Open. If the source would have delivered nothing,
	// absent says why in one word, for example "outgoing"; else it is empty.
	Adapt(p *Packet) (absent string)
}

// A DryRunner is a Sink that can show what it would send without sending it.
type DryRunner interface {
	Sink

	// DryRun does with p what Deliver would do, but calls record with each
	// packet instead of sending it; the bytes are lent for the length of the
	// call. What only a host can know (its addresses, its neighbours) is left
	// zero. Reasons are those of Deliver, as far as p alone gives cause for them.
	// It needs no Open.
	DryRun(p *Packet, record func(link linklayer.Type, octets []byte)) Reason
}

// Offline is a pipeline that decides about packets one at a time. It is not opened, and its
// sinks get nothing. It is used by one goroutine.
type Offline struct {
	pipeline *Pipeline
	packet   [1]Packet // at hand
}

// NewOffline builds a pipeline; its error is that of [New].
func NewOffline(spec Spec) (*Offline, error) {
	p, err := New(spec)
	if err != nil {
		return nil, err
	}
	return &Offline{pipeline: p}, nil
}

// Stages is [Pipeline.Stages].
func (o *Offline) Stages() iter.Seq2[StageID, any] { return o.pipeline.Stages() }

// Counters is [Pipeline.Counters]. They hold nothing of what sinks do with packets.
func (o *Offline) Counters() Counters { return o.pipeline.Counters() }

// Decide takes one packet of the first source through the filters and sets its Verdict. It
// sets got to whether each sink would have been offered the packet, and appends to it as
// needed. An error is the panic of a filter, after which o must not be used any more.
func (o *Offline) Decide(pkt *Packet, got []bool) ([]bool, error) {
	p := o.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	o.packet[0] = *pkt
	err := p.filterChunk(p.sources[0], o.packet[:])
	*pkt = o.packet[0]
	got = got[:0]
	for _, s := range p.sinks {
		got = append(got, len(s.passed) > 0)
		s.passed = s.passed[:0]
	}
	return got, err
}

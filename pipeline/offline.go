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
	// change its bytes. It needs no Open, and is called by several goroutines at once.
	// If the source would have delivered nothing, absent says why in one word, for
	// example "outgoing"; else it is empty.
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

// Offline is a pipeline that only decides about packets. It is not opened, and its sinks get
// nothing. It is used by one goroutine.
type Offline struct {
	pipeline *Pipeline
	got      []bool // by sink, of the packet at hand
	next     []int  // by sink, of those that it gets
}

// NewOffline builds a pipeline; its error is that of [New].
func NewOffline(spec Spec) (*Offline, error) {
	p, err := New(spec)
	if err != nil {
		return nil, err
	}
	p.total = noTotal // so that packets are decided alike, however many come at once
	return &Offline{pipeline: p, got: make([]bool, len(p.sinks)), next: make([]int, len(p.sinks))}, nil
}

// Stages is [Pipeline.Stages].
func (o *Offline) Stages() iter.Seq2[StageID, any] { return o.pipeline.Stages() }

// Counters is [Pipeline.Counters]. They hold nothing of what sinks do with packets.
func (o *Offline) Counters() Counters { return o.pipeline.Counters() }

// Decide takes packets of the first source through the filters, in their order, and sets their
// Verdict. The caller has decoded them ([Packet.Decode]). Then it calls offer, unless it is nil,
// for each packet that at least one sink would have been offered: with its number in the batch
// and whether each sink would, which is lent for the call.
//
// Decide returns how many packets it decided about, which is all of them unless a filter
// panicked; then o must not be used any more. An error is that panic, or that of offer, which
// is not called again.
func (o *Offline) Decide(batch []Packet, offer func(i int, got []bool) error) (decided int, err error) {
	decided, err = o.filter(batch)
	defer o.forget()
	if offer == nil {
		return decided, err
	}
	for i := range batch[:decided] {
		if o.offeredAll() {
			break
		}
		if !o.offered(&batch[i]) {
			continue
		}
		if failed := offer(i, o.got); failed != nil {
			return decided, failed
		}
	}
	return decided, err
}

// filter returns how many packets were decided about.
func (o *Offline) filter(batch []Packet) (decided int, err error) {
	p := o.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.received
	err = p.filterChunk(p.sources[0], batch)
	decided = int(p.received - before)
	if err != nil {
		decided--
	}
	return decided, err
}

// offeredAll reports whether no sink gets any more packets.
func (o *Offline) offeredAll() bool {
	for i, s := range o.pipeline.sinks {
		if o.next[i] < len(s.passed) {
			return false
		}
	}
	return true
}

// offered notes which sinks get p, and reports whether any does. It is asked once for each
// packet.
func (o *Offline) offered(p *Packet) (toAny bool) {
	for i, s := range o.pipeline.sinks {
		at := o.next[i]
		o.got[i] = at < len(s.passed) && s.passed[at].packet == p
		if o.got[i] {
			o.next[i]++
			toAny = true
		}
	}
	return toAny
}

func (o *Offline) forget() {
	clear(o.next)
	for _, s := range o.pipeline.sinks {
		s.passed = s.passed[:0]
	}
}

package replay

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// recorder writes down what the sinks would have sent.
type recorder struct {
	sinks  []*sinkRecord
	writer *capfile.Writer // nil if nothing is to be written
	format capfile.Format
	behind *writeBehind
	out    pipeline.Packet // being written
	at     verdict.Place   // of the packet at hand
	warn   func(error)     // of a time stamp; nil once it was told
	err    error           // of the writer
}

// sinkRecord is what one sink would have done.
type sinkRecord struct {
	name    string
	sink    pipeline.DryRunner // nil for a sink that sends nothing
	reasons []pipeline.ReasonInfo
	got     uint64   // packets that its filters let pass
	sent    uint64   // packets on the wire
	failed  []uint64 // by reason
	ids     []iface  // of its interfaces in a pcapng file

	record func(linklayer.Type, []byte)
}

// iface is an interface of a pcapng file.
type iface struct {
	link linklayer.Type
	id   int
}

func newRecorder(p *pipeline.Offline, spec pipeline.Spec, o Options) *recorder {
	r := &recorder{format: o.WriteFormat, warn: o.Warn}
	for id, stage := range p.Stages() {
		if id.Kind != pipeline.KindSink {
			continue
		}
		s := &sinkRecord{name: id.Name, reasons: spec.Sinks[id.Index].Plugin.Reasons}
		s.failed = make([]uint64, len(s.reasons)+1)
		s.record = func(link linklayer.Type, data []byte) { r.write(s, link, data) }
		s.sink, _ = stage.(pipeline.DryRunner)
		r.sinks = append(r.sinks, s)
	}
	if o.Write != nil {
		r.behind = newWriteBehind(o.Write)
		r.writer = capfile.NewWriter(r.behind, capfile.WriterOptions{
			Encoder: capfile.Encoder{Format: o.WriteFormat, Application: "pmtud"},
		})
	}
	return r
}

// record lets the sinks that got p show what they would send.
func (r *recorder) record(at verdict.Place, p *pipeline.Packet, got []bool) error {
	r.at = at
	r.out.Time = p.Time
	for i, s := range r.sinks {
		if !got[i] {
			continue
		}
		s.got++
		if s.sink == nil || !p.Verdict.Forward() {
			continue
		}
		if reason := s.sink.DryRun(p, s.record); reason != pipeline.Pass {
			s.failed[min(int(reason), len(s.failed)-1)]++
		}
	}
	return r.err
}

func (r *recorder) write(s *sinkRecord, link linklayer.Type, data []byte) {
	s.sent++
	if r.writer == nil || r.err != nil {
		return
	}
	r.out.Data, r.out.Length, r.out.LinkType = data, len(data), link
	r.clampTime()
	r.err = r.writeOut(s)
	if errors.Is(r.err, capfile.ErrLinkType) { // others are of an earlier packet
		r.err = fmt.Errorf("%v: %w", r.at, r.err)
	}
}

// clampTime makes the time stamp one that the file can express, and says so once.
func (r *recorder) clampTime() {
	t := r.format.Clamp(r.out.Time)
	if t != r.out.Time && r.warn != nil {
		r.warn(fmt.Errorf("write what would be sent: %v: a %v file can't hold its timestamp; it is written as %s",
			r.at, r.format, t.Time().Format(time.RFC3339)))
		r.warn = nil
	}
	r.out.Time = t
}

func (r *recorder) writeOut(s *sinkRecord) error {
	if r.format == capfile.Pcap {
		err := r.writer.Write(&r.out)
		if errors.Is(err, capfile.ErrLinkType) {
			return fmt.Errorf("%w: the sinks send both frames and IP packets, and only a .pcapng file can hold both", err)
		}
		return err
	}
	id, err := r.interfaceOf(s, r.out.LinkType)
	if err != nil {
		return err
	}
	return r.writer.WriteOn(id, &r.out, "")
}

// interfaceOf returns the number of a sink's interface, which is described when the
// first packet comes: programs that use libpcap read no file whose interfaces have
// several link types.
func (r *recorder) interfaceOf(s *sinkRecord, link linklayer.Type) (id int, err error) {
	for _, i := range s.ids {
		if i.link == link {
			return i.id, nil
		}
	}
	id, err = r.writer.AddInterface(capfile.Interface{Name: s.name, LinkType: link})
	s.ids = append(s.ids, iface{link, id})
	return id, err
}

// close writes what is left. An error that record has returned is not returned
// again.
func (r *recorder) close() error {
	if r.writer == nil {
		return nil
	}
	err := r.writer.Flush()
	if behind := r.behind.close(); behind != nil {
		err = behind // of which Flush may have heard too
	}
	if r.err != nil && errors.Is(r.err, err) {
		return nil
	}
	return err
}

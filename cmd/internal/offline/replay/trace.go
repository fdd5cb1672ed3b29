package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// Trace is what all stages had to do with one packet.
type Trace struct {
	at     verdict.Place
	source string // that would have delivered the packet
	packet pipeline.Packet
	steps  []pipeline.Step // none if the source would not have delivered the packet
}

// TracePacket traces a packet as the first of its pipeline.
func TracePacket(spec pipeline.Spec, p *pipeline.Packet) (*Trace, error) {
	built, err := pipeline.NewOffline(spec)
	if err != nil {
		return nil, err
	}
	t := &Trace{at: verdict.Place{Number: 1}}
	return t, t.take(built, p)
}

// TraceCapture traces the packet of a capture with the number given, counted from
// 1, after the ones before it. Warn is told what is odd about the capture; may be nil.
func TraceCapture(ctx context.Context, spec pipeline.Spec, path string, stdin io.Reader, number uint64, warn func(error)) (*Trace, error) {
	p, err := pipeline.NewOffline(spec)
	if err != nil {
		return nil, err
	}
	files := capfile.NewFiles(ctx, []string{path}, capfile.FilesOptions{Stdin: stdin, Warn: warn})
	defer files.Close()
	t := &Trace{source: sourceName(spec)}
	shape := newShape(p)
	batch := make([]pipeline.Packet, batchSize)
	for {
		n, err := files.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			if path == capfile.Stdin {
				path = "standard input"
			}
			return nil, fmt.Errorf("%s has no packet %d: it ends after %d", path, number, t.at.Number)
		}
		if err != nil {
			return nil, err
		}
		for i := range batch[:n] {
			pkt := &batch[i]
			cut, absent := shape.apply(pkt)
			if t.at.Number++; t.at.Number == number {
				t.at.Cut = cut
				return t, t.takeShaped(p, pkt, absent)
			}
			if absent != "" {
				continue
			}
			pkt.Decode()
			if _, err := p.Decide(batch[i:i+1], nil); err != nil {
				return nil, err
			}
		}
	}
}

// sourceName returns the name of the source that a capture stands for.
func sourceName(spec pipeline.Spec) string {
	source := spec.Sources[0]
	if source.Name != "" {
		return source.Name
	}
	return source.Plugin.Type
}

// takeShaped traces the packet, unless the source would not have delivered it.
func (t *Trace) takeShaped(p *pipeline.Offline, pkt *pipeline.Packet, absent string) error {
	if absent == "" {
		return t.take(p, pkt)
	}
	pkt.Decode()
	pkt.Verdict = pipeline.Verdict{Reason: absent}
	t.keep(pkt)
	return nil
}

func (t *Trace) take(p *pipeline.Offline, pkt *pipeline.Packet) (err error) {
	t.steps, err = p.Trace(pkt)
	t.keep(pkt)
	return err
}

// keep copies a packet, whose bytes are lent.
func (t *Trace) keep(pkt *pipeline.Packet) {
	t.packet = *pkt
	t.packet.Data = bytes.Clone(pkt.Data)
}

// Print writes the trace in readable form.
func (t *Trace) Print(w io.Writer) error {
	out := append(verdict.AppendJSON(nil, t.at, &t.packet, nil), '\n')
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("print trace: %w", err)
	}
	for _, line := range t.table() {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return fmt.Errorf("print trace: %w", err)
		}
	}
	return nil
}

// table returns a line or more for each stage.
func (t *Trace) table() []string {
	if t.steps == nil {
		return columns.Hang(t.source+"  ", "does not capture it: "+t.packet.Verdict.Reason)
	}
	var rows [][]string
	if t.at.Cut {
		rows = append(rows, []string{t.source, "delivers it", fmt.Sprintf("all %d bytes, of which this capture has %d", t.packet.Length, len(t.packet.Data))})
	}
	for _, s := range t.steps {
		indent := ""
		if s.Sink >= 0 {
			indent = "  "
		}
		rows = append(rows, []string{indent + s.Name, decision(s), s.Looked})
	}
	return columns.Table(rows)
}

func decision(s pipeline.Step) string {
	isSink := s.Kind == pipeline.KindSink
	switch {
	case isSink && s.Reached:
		return "gets it"
	case isSink:
		return "does not get it"
	case !s.Reached:
		return "not asked"
	case s.Reason != "":
		return "drops it: " + s.Reason
	}
	return "passes"
}

package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// Trace is what all stages had to do with one packet.
type Trace struct {
	number uint64
	packet pipeline.Packet
	steps  []pipeline.Step
}

// TracePacket traces a packet as the first of its pipeline.
func TracePacket(spec pipeline.Spec, p *pipeline.Packet) (*Trace, error) {
	built, err := pipeline.New(spec)
	if err != nil {
		return nil, err
	}
	return trace(built, 1, p)
}

// TraceCapture traces the packet of a capture with the number given, counted from
// 1, after the ones before it.
func TraceCapture(ctx context.Context, spec pipeline.Spec, path string, stdin io.Reader, number uint64) (*Trace, error) {
	p, err := pipeline.New(spec)
	if err != nil {
		return nil, err
	}
	files := capfile.NewFiles(ctx, []string{path}, capfile.FilesOptions{Stdin: stdin})
	defer files.Close()
	reshape, _ := p.Source(0).(pipeline.Reshaper)
	batch := make([]pipeline.Packet, batchSize)
	var at uint64
	var got []bool
	for {
		n, err := files.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s has no packet %d: it ends after %d", path, number, at)
		}
		if err != nil {
			return nil, err
		}
		for i := range batch[:n] {
			if reshape != nil && !reshape.Reshape(&batch[i]) {
				continue
			}
			if at++; at == number {
				return trace(p, number, &batch[i])
			}
			if got, err = p.Decide(&batch[i], got); err != nil {
				return nil, err
			}
		}
	}
}

func trace(p *pipeline.Pipeline, number uint64, pkt *pipeline.Packet) (*Trace, error) {
	steps, err := p.Trace(pkt)
	kept := *pkt
	kept.Data = bytes.Clone(pkt.Data)
	return &Trace{number, kept, steps}, err
}

// Print writes the trace for people to read.
func (t *Trace) Print(w io.Writer) error {
	out := verdict.AppendJSON(nil, t.number, &t.packet, nil)
	if _, err := fmt.Fprintf(w, "%s\n", out); err != nil {
		return fmt.Errorf("print trace: %w", err)
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, s := range t.sinksFirst() {
		indent := ""
		if s.Sink >= 0 && s.Filter {
			indent = "  "
		}
		fmt.Fprintf(table, "%s%s\t%s\t%s\n", indent, s.Stage, decision(s), s.Looked)
	}
	_ = table.Flush() // to memory
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return fmt.Errorf("print trace: %w", err)
		}
	}
	return nil
}

// sinksFirst returns the steps with each sink in front of its own filters.
func (t *Trace) sinksFirst() []pipeline.Step {
	steps := slices.Clone(t.steps)
	slices.SortStableFunc(steps, func(a, b pipeline.Step) int {
		if a.Sink != b.Sink || a.Filter == b.Filter {
			return a.Sink - b.Sink
		}
		if b.Filter {
			return -1
		}
		return 1
	})
	return steps
}

func decision(s pipeline.Step) string {
	switch {
	case !s.Filter && s.Reached:
		return "gets it"
	case !s.Filter:
		return "does not get it"
	case !s.Reached:
		return "not asked"
	case s.Reason != "":
		return "drops it: " + s.Reason
	}
	return "passes"
}

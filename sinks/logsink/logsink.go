// Package logsink has the sink `log`, which prints a line for each packet to the
// program's standard output.
package logsink

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// WriteError is the reason of packets whose line could not be written.
const WriteError pipeline.Reason = 1

// Verbosities.
const (
	forwarded = 1 + iota
	dropped   // those too
	octets    // and the packet in hex
)

// Settings of the sink.
type Settings struct {
	Format    Format `setting:"format" enum:"text,json" example:"json" doc:"format of a line: text, or a JSON object"`
	Verbosity int    `setting:"verbosity" min:"1" max:"3" example:"2" doc:"1 prints forwarded packets, 2 dropped ones too, 3 with their bytes in hex"`
}

// Plugin returns the sink `log`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "log",
		Summary: "prints a line for each packet to standard output",
		Reasons: pipeline.Reasons{
			WriteError: {Name: "write-error", Doc: "the line could not be written"},
		},
		Defaults: Settings{Format: Text, Verbosity: forwarded},
		New:      New,
	})
}

// New returns the sink.
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	return &sink{Settings: s, log: env.Log, out: env.Stdout, terminal: isTerminal(env.Stdout)}, nil
}

type sink struct {
	Settings
	log      *slog.Logger
	out      io.Writer
	terminal bool // out is one: text is readable

	lines []byte // of the batch at hand
	ends  []int  // of each of them
	part  bool   // what was written last is a part of a line

	failing bool // the last write failed, and the log says so
}

func (s *sink) Open(context.Context) error { return nil }

// Deliver writes the lines of a batch at once, so that lines of several sinks
// don't run into each other.
func (s *sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	s.lines, s.ends = s.lines[:0], s.ends[:0]
	if s.part {
		s.lines = append(s.lines, '\n')
	}
	for _, p := range batch {
		s.append(p)
		s.ends = append(s.ends, len(s.lines))
	}
	n, err := s.out.Write(s.lines)
	if err != nil && !s.failing {
		s.log.Warn("can't write to standard output", "error", err)
	}
	s.failing = err != nil
	if err != nil {
		for i, end := range s.ends {
			if end > n {
				failed[i] = WriteError
			}
		}
	}
	if n > 0 {
		s.part = s.lines[n-1] != '\n'
	}
}

func (s *sink) append(p *pipeline.Packet) {
	withBytes := s.Verbosity >= octets
	if s.Format == Text && s.terminal {
		s.lines = append(verdict.AppendTerminal(s.lines, p, withBytes), '\n')
		return
	}
	if s.Format == Text {
		s.lines = append(verdict.AppendText(s.lines, p, withBytes), '\n')
		return
	}
	s.lines = verdict.AppendJSON(s.lines, verdict.Place{}, p, nil)
	if withBytes {
		s.lines = append(s.lines[:len(s.lines)-1], `,"octets":"`...)
		s.lines = append(hex.AppendEncode(s.lines, p.Data), `"}`...)
	}
	s.lines = append(s.lines, '\n')
}

// isTerminal reports whether somebody sees what is written. Files and pipes get the lines of
// the original daemon.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (s *sink) Flush() {}

func (s *sink) Close() error { return nil }

// Format is the form of a line.
type Format string

// Formats.
const (
	Text Format = "text"
	JSON Format = "json"
)

package replaytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// Result is what became of a test.
type Result struct {
	File, Test string
	Failures   []string // each a text of one or more lines; none if the test passed
	Renewed    []string // golden files that were rewritten
	Summary    *replay.Summary
}

// Options are how tests are run.
type Options struct {
	Update  bool                   // rewrite golden files that differ instead of comparing them
	Warn    func(error)            // is told what is odd about captures; may be nil
	Observe func(*pipeline.Packet) // see [replay.Options]
}

// Run replays the test's captures through the pipeline of spec and compares. An error says
// that the test could not be carried out.
func Run(ctx context.Context, file string, t *Test, spec pipeline.Spec, opt Options) (Result, error) {
	result := Result{File: file, Test: t.Name}
	var verdicts, sent bytes.Buffer
	o := replay.Options{Captures: t.Capture, WriteFormat: capfile.FormatOf(t.Expect.SentFile), Warn: opt.Warn, Observe: opt.Observe}
	if t.Expect.Verdicts != "" {
		o.Verdicts = &verdicts
	}
	if t.Expect.SentFile != "" {
		o.Write = &sent
	}
	summary, err := replay.Run(ctx, spec, o)
	if context.Cause(ctx) != nil || summary == nil {
		return result, err
	}
	result.Summary = summary
	if err != nil {
		result.fail("%v", err)
	}
	result.Failures = append(result.Failures, t.Expect.counts(summary)...)
	for _, g := range []golden{
		{t.Expect.Verdicts, verdicts.Bytes(), diffVerdicts},
		{t.Expect.SentFile, sent.Bytes(), diffCaptures},
	} {
		if g.path == "" {
			continue
		}
		if err := result.compare(g, opt.Update && err == nil); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (r *Result) fail(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

// golden is a file with what is expected, and what came instead.
type golden struct {
	path string
	got  []byte
	diff func(want, got []byte) ([]string, error)
}

func (r *Result) compare(g golden, update bool) error {
	want, err := os.ReadFile(g.path)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return err
	case missing && !update:
		r.fail("%s does not exist; --update writes it", g.path)
		return nil
	case !missing && bytes.Equal(want, g.got):
		return nil
	case update:
		r.Renewed = append(r.Renewed, g.path)
		return os.WriteFile(g.path, g.got, 0o644)
	}
	lines, err := g.diff(want, g.got)
	if err != nil {
		r.fail("%v", err)
	}
	if len(lines) > 0 {
		r.Failures = append(r.Failures, listed(g.path, lines))
	}
	return nil
}

// maxListed is the number of differences that are told of each file.
const maxListed = 10

func listed(path string, lines []string) string {
	text := path + " differs"
	for i, line := range lines {
		if i == maxListed {
			return text + fmt.Sprintf("\n  and %d more packets", len(lines)-i)
		}
		text += "\n  " + line
	}
	return text
}

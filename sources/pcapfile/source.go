package pcapfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// batchSize is the number of packets delivered at once, at most.
const batchSize = 256

// passGap is the time between the last packet of a pass and the first of the next.
const passGap = pipeline.Instant(time.Millisecond)

// source reads capture files.
type source struct {
	settings Settings
	stdin    io.Reader
	log      *slog.Logger
	warned   bool     // in an earlier pass
	paths    []string // of existing files

	shift   pipeline.Instant // of time stamps, in this pass
	last    pipeline.Instant // greatest time stamp so far, shifted
	packets uint64           // in this pass
}

// Open finds the files, so that a pipeline does not begin without them.
func (s *source) Open(context.Context) error {
	paths, err := capfile.Expand(s.settings.Path...)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if path == capfile.Stdin {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("open capture: %w", err)
		}
		if info.IsDir() {
			return fmt.Errorf("open capture %s: is a directory; write %s/*.pcap for the files in it", path, path)
		}
	}
	s.paths = paths
	return nil
}

// Run reads the files, again and again with loop.
func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	if len(s.paths) == 0 {
		return errors.New("run capture: not opened")
	}
	for {
		err := s.pass(ctx, deliver)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil || !s.settings.Loop {
			return err
		}
		if s.packets == 0 {
			return errors.New("loop over captures: there are no packets in them")
		}
	}
}

// pass reads the files once.
func (s *source) pass(ctx context.Context, deliver func([]pipeline.Packet)) error {
	o := capfile.FilesOptions{Stdin: s.stdin, ReadAhead: true}
	if !s.warned {
		o.Warn = s.warn
	}
	files := capfile.NewFiles(ctx, s.paths, o)
	err := s.readFiles(ctx, files, deliver)
	s.warned = true
	return errors.Join(err, files.Close())
}

// warn logs what is odd about the files, in the first pass.
func (s *source) warn(warning error) { s.log.Warn("strange capture", "error", warning) }

func (s *source) readFiles(ctx context.Context, files *capfile.Files, deliver func([]pipeline.Packet)) error {
	batch := make([]pipeline.Packet, batchSize)
	p := pacer{speed: s.settings.Speed}
	again := s.packets > 0
	s.packets = 0
	for {
		n, err := files.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if again && s.packets == 0 {
			s.shift = s.last + passGap - batch[0].Time
		}
		s.prepare(batch[:n])
		if !p.deliver(ctx, batch[:n], deliver) {
			return nil
		}
	}
}

// prepare cuts packets and shifts their time stamps.
func (s *source) prepare(batch []pipeline.Packet) {
	for i := range batch {
		p := &batch[i]
		p.Time += s.shift
		if i == 0 && s.packets == 0 && s.shift == 0 {
			s.last = p.Time
		}
		s.last = max(s.last, p.Time)
		if snaplen := s.settings.Snaplen; snaplen > 0 && len(p.Data) > snaplen {
			p.Data = p.Data[:snaplen]
		}
	}
	s.packets += uint64(len(batch))
}

// Close has nothing to do: Run closes what it opens.
func (s *source) Close() error { return nil }

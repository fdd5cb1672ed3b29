package pcapfile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// writeSize is the number of bytes from which on a batch is written in several
// pieces.
const writeSize = 128 << 10

// sink writes packets to a file.
type sink struct {
	settings Settings
	encoder  capfile.Encoder
	rotation rotation
	log      *slog.Logger

	file    *file  // nil while there is none
	tooMany bool   // renamed files could not be removed
	buf     []byte // whole packets for the file
	records []record

	// Of the batch at hand.
	batch     []*pipeline.Packet
	failed    []pipeline.Reason
	openError error // that it failed with at the first attempt
	stuck     bool  // rotation failed

	logged  time.Time               // when a failure was last logged
	failure atomic.Pointer[failure] // of the last attempt to write; nil if it went well

	rotationFailure atomic.Pointer[failure] // of the last rotation; nil if it went well
	failedRotations atomic.Uint64
}

// failure is what an attempt failed with.
type failure struct {
	err error
	at  time.Time
}

// record is a packet in the buffer.
type record struct {
	packet int // its number in the batch
	end    int // in the buffer
}

func newSink(s Settings, e capfile.Encoder, log *slog.Logger) *sink {
	return &sink{
		settings: s, encoder: e, log: log,
		rotation: rotation{path: s.Path, keep: s.Keep},
		buf:      make([]byte, 0, 2*writeSize),
	}
}

// Open makes the file. A full disk is no reason not to begin.
func (s *sink) Open(context.Context) error {
	err := s.create()
	if reasonOf(err) == diskFull {
		s.fail("create capture file", err)
		return nil
	}
	return err
}

func (s *sink) create() error {
	if err := s.rotation.clear(s.encoder.AppendHeader(nil, linklayer.Ethernet)); err != nil {
		return err
	}
	f, err := createFile(s.settings.Path, &s.encoder)
	if err == nil || reasonOf(err) == diskFull { // old files may be what fills it
		s.prune()
	}
	if err != nil {
		return err
	}
	s.file = f
	return nil
}

// prune removes renamed files that are too many, with which a rotation ends. If it can't,
// the next batch tries again.
func (s *sink) prune() {
	err := s.rotation.prune()
	s.tooMany = err != nil
	if s.tooMany {
		s.failRotation("remove old capture files", err)
		return
	}
	s.rotationFailure.Store(nil)
}

// Deliver writes a batch: when it returns, the packets are in the file or have
// failed.
func (s *sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	s.batch, s.failed = batch, failed
	s.openError, s.stuck = nil, false
	if s.file != nil && s.file.spoiled() {
		s.giveUp()
	}
	if s.tooMany {
		s.prune()
	}
	for i := range batch {
		failed[i] = s.add(i)
		if len(s.buf) >= writeSize {
			_ = s.write() // what it fails with is counted
		}
	}
	_ = s.write() // what it fails with is counted
	s.batch, s.failed = nil, nil
}

// add puts a packet into the buffer, for the next file if it is too late or too
// large for this one.
func (s *sink) add(i int) pipeline.Reason {
	if s.isOld(s.batch[i]) {
		s.rotate()
	}
	reason := s.put(i)
	if reason == pipeline.Pass && s.isFull() {
		s.takeBack()
		s.rotate()
		return s.put(i)
	}
	return reason
}

// takeBack takes the last packet out of the buffer. Whether another one is in front
// of it depends on what put had to write for it.
func (s *sink) takeBack() {
	begin, last := 0, len(s.records)-1
	if last > 0 {
		begin = s.records[last-1].end
	}
	s.buf, s.records = s.buf[:begin], s.records[:last]
}

func (s *sink) isOld(p *pipeline.Packet) bool {
	return s.settings.MaxAge > 0 && !s.stuck && s.packets() > 0 &&
		p.Clock-s.file.since >= pipeline.Instant(s.settings.MaxAge)
}

// isFull reports whether the last packet in the buffer makes the file too large. A
// file has one packet at least.
func (s *sink) isFull() bool {
	return s.settings.MaxSize > 0 && !s.stuck && s.packets() > 1 &&
		s.file.size+int64(len(s.buf)) > int64(s.settings.MaxSize)
}

// packets returns the number of packets in the file and in the buffer for it.
func (s *sink) packets() int {
	if s.file == nil {
		return 0
	}
	return s.file.packets + len(s.records)
}

func (s *sink) put(i int) pipeline.Reason {
	p := s.batch[i]
	id, reason := s.place(p.LinkType)
	if reason != pipeline.Pass {
		return reason
	}
	var err error
	if s.buf, err = s.encoder.AppendPacket(s.buf, id, p, ""); err != nil {
		return timeStamp
	}
	if s.packets() == 0 {
		s.file.first, s.file.since = p.Time, p.Clock
	}
	s.records = append(s.records, record{packet: i, end: len(s.buf)})
	return pipeline.Pass
}

// place makes the file ready for packets of a link type and returns the number of
// their interface.
func (s *sink) place(link linklayer.Type) (id int, reason pipeline.Reason) {
	if s.file == nil {
		if s.openError == nil {
			s.openError = s.create()
		}
		if s.openError != nil {
			s.fail("create capture file", s.openError)
			return 0, reasonOf(s.openError)
		}
	}
	if s.encoder.Format == capfile.Pcapng {
		return s.placeInterface(link)
	}
	same, err := s.file.fixLink(&s.encoder, link)
	switch {
	case err != nil:
		s.fail("write capture file", err)
		return 0, reasonOf(err)
	case !same:
		return 0, linkType
	}
	return 0, pipeline.Pass
}

// placeInterface finds a pcapng file's interface, or adds it and writes, so that the file
// either has it or not.
func (s *sink) placeInterface(link linklayer.Type) (id int, reason pipeline.Reason) {
	if id := s.file.interfaceOf(link); id >= 0 {
		return id, pipeline.Pass
	}
	s.buf = s.encoder.AppendInterface(s.buf, capfile.Interface{LinkType: link})
	if err := s.write(); err != nil {
		return 0, reasonOf(err)
	}
	s.file.interfaces = append(s.file.interfaces, link)
	return len(s.file.interfaces) - 1, pipeline.Pass
}

// write writes the buffer. If that fails, none of its packets are in the file.
func (s *sink) write() error {
	if len(s.buf) == 0 {
		return nil
	}
	err := s.file.write(s.buf, len(s.records))
	if err != nil {
		for _, r := range s.records {
			s.failed[r.packet] = reasonOf(err)
		}
		s.fail("write capture file", err)
		s.cut()
	} else {
		s.failure.Store(nil)
	}
	s.buf, s.records = s.buf[:0], s.records[:0]
	return err
}

// cut takes what a failed write left off the file. A file that can't be cut is left as it
// is; the next one takes its place.
func (s *sink) cut() {
	if err := s.file.cut(); err != nil {
		s.logFailure("cut capture file", err)
		s.giveUp()
	}
}

// rotate renames the file and begins another. If it can't, this one is used on.
func (s *sink) rotate() {
	_ = s.write() // what it fails with is counted
	if s.file == nil {
		return
	}
	if s.file.isAt(s.settings.Path) {
		if err := s.rotation.rename(s.file.first); err != nil {
			s.failRotation("rotate capture file", err)
			if s.file.isAt(s.settings.Path) {
				s.stuck = true
				return
			}
		}
	}
	s.giveUp()
}

// giveUp closes the file; another is made for the next packet.
func (s *sink) giveUp() {
	if err := s.file.f.Close(); err != nil {
		s.logFailure("close capture file", err)
	}
	s.file = nil
}

// Flush has nothing to do: Deliver writes.
func (s *sink) Flush() {}

// Close closes the file.
func (s *sink) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.f.Close()
	s.file = nil
	return err
}

// fail notes and logs why packets can't be written.
func (s *sink) fail(what string, err error) {
	s.failure.Store(&failure{fmt.Errorf("%s: %w", what, err), time.Now()})
	s.logFailure(what, err)
}

// failRotation notes and logs why files grow, or become more, than the settings allow.
func (s *sink) failRotation(what string, err error) {
	s.failedRotations.Add(1)
	s.rotationFailure.Store(&failure{fmt.Errorf("%s: %w", what, err), time.Now()})
	s.logFailure(what, err)
}

// logFailure logs one failure a minute: the others are counted.
func (s *sink) logFailure(what string, err error) {
	const interval = time.Minute
	if now := time.Now(); now.Sub(s.logged) >= interval {
		s.logged = now
		s.log.Warn(what, "error", err)
	}
}

// reasonOf returns the reason of a failure, Pass for none.
func reasonOf(err error) pipeline.Reason {
	switch {
	case err == nil:
		return pipeline.Pass
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return diskFull
	}
	return writeError
}

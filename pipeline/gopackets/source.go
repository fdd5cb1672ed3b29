package gopackets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/google/gopacket"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Handle is an open reader of packets.
type Handle struct {
	// Read is ZeroCopyReadPacketData of a [gopacket.ZeroCopyPacketDataSource], or
	// ReadPacketData of a [gopacket.PacketDataSource]. [io.EOF] ends the source. It is
	// called again after a timeout as of [net.Error], such as syscall.EAGAIN, and errors for
	// which Again says so.
	Read func() (data []byte, ci gopacket.CaptureInfo, err error)

	// LinkType says how packets begin, as capture files number it.
	LinkType linklayer.Type

	// Again reports an error behind which more packets may come, such as libpcap's
	// timeout. Nil: there is none but those of Read.
	Again func(error) bool

	// Interrupt ends a Read that waits, when the source has to stop. Nil: Read never waits
	// long, but returns a packet or a timeout.
	Interrupt func()

	// Close releases the reader once Read is not called any more. Nil: there is nothing
	// to release.
	Close func() error
}

// NewSource returns a source of the packets that a reader reads. Open is called by the
// source's Open; what it returns is closed by the source.
func NewSource(open func(context.Context) (Handle, error)) pipeline.Source {
	return &source{open: open}
}

type source struct {
	open   func(context.Context) (Handle, error)
	handle Handle
}

func (s *source) Open(ctx context.Context) (err error) {
	s.handle, err = s.open(ctx)
	return err
}

// Run delivers one packet at a time: the next Read may overwrite it.
func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	defer s.interruptAfter(ctx)()
	batch := make([]pipeline.Packet, 1)
	for ctx.Err() == nil {
		data, ci, err := s.handle.Read()
		switch {
		case err == nil:
			batch[0] = s.packet(data, ci)
			deliver(batch)
		case errors.Is(err, io.EOF) || ctx.Err() != nil:
			return nil
		case !s.goesOn(err):
			return fmt.Errorf("read packet: %w", err)
		}
	}
	return nil
}

// interruptAfter interrupts Read once ctx is done. The returned function puts an end to
// that: nothing is interrupted any more when it has returned.
func (s *source) interruptAfter(ctx context.Context) (stop func()) {
	if s.handle.Interrupt == nil {
		return func() {}
	}
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		s.handle.Interrupt()
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// packet returns a packet as the engine wants it. One without a timestamp gets the
// host's time.
func (s *source) packet(data []byte, ci gopacket.CaptureInfo) pipeline.Packet {
	at := ci.Timestamp
	if at.IsZero() {
		at = time.Now()
	}
	p := pipeline.NewPacket(data, s.handle.LinkType, at)
	p.Length = max(ci.Length, len(data))
	return p
}

// goesOn reports whether Read may be called again.
func (s *source) goesOn(err error) bool {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return true
	}
	return s.handle.Again != nil && s.handle.Again(err)
}

func (s *source) Close() error {
	c := s.handle.Close
	s.handle = Handle{}
	if c == nil {
		return nil
	}
	return c()
}

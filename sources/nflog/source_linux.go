package nflog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/nflogmsg"
)

// batchLen is the number of packets that are delivered at once.
const batchLen = 256

func newSource(s Settings, env pipeline.Env) pipeline.Source {
	return &source{Settings: s, env: env, loss: loss{log: env.Log}}
}

type source struct {
	Settings
	env    pipeline.Env
	group  *group
	socket *socket

	loss   loss
	load   load
	fixed  bool // the threshold is not to be changed (any more)
	record nflogmsg.Record
	batch  []pipeline.Packet
}

func (s *source) Open(context.Context) error {
	group, err := bind(s.Settings)
	if err != nil {
		return explain(s.Group, err)
	}
	s.group = group
	if s.socket, err = newSocket(group.nflog.Con); err != nil {
		return err
	}
	s.batch = make([]pipeline.Packet, batchLen)
	s.fixed = s.Threshold != Adaptive
	s.warnOfSmallBuffer()
	return nil
}

// warnOfSmallBuffer logs it if the kernel gave less room than was asked for. It
// doubles what it is asked, for its own needs (socket(7)).
func (s *source) warnOfSmallBuffer() {
	got, err := s.group.nflog.Con.ReadBuffer()
	if err == nil && got/2 < int(s.BufferSize) {
		s.env.Log.Warn("the netlink socket's buffer is smaller than buffer_size: see net.core.rmem_max",
			"bytes", got/2, "buffer_size", s.BufferSize)
	}
}

func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	defer s.loss.end()
	defer context.AfterFunc(ctx, func() { _ = s.group.interrupt() })()
	for {
		datagram, err := s.socket.read()
		now := time.Now()
		switch {
		case err == nil:
			s.receive(datagram, now, deliver)
		case errors.Is(err, unix.ENOBUFS):
			s.loss.overrun()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		default:
			return fmt.Errorf("read netlink socket: %w", err)
		}
		s.loss.report(now)
	}
}

// receive delivers the packets of a datagram.
func (s *source) receive(datagram []byte, now time.Time, deliver func([]pipeline.Packet)) {
	stamp := pipeline.InstantOf(now)
	n, total := 0, 0
	for kind, msg, rest := nextMessage(datagram); msg != nil && kind != typeDone; kind, msg, rest = nextMessage(rest) {
		if kind == typeError {
			s.refused(unix.Errno(messageError(msg)))
		}
		if kind != typePacket || !s.record.Parse(msg[headerLen:]) {
			continue // the number of a damaged packet will be missing
		}
		if sequence, ok := s.record.Sequence(); ok {
			s.loss.see(sequence)
		}
		s.record.Fill(&s.batch[n], stamp)
		if n++; n == len(s.batch) {
			deliver(s.batch)
			total, n = total+n, 0
		}
	}
	if n > 0 {
		deliver(s.batch[:n])
	}
	s.adapt(total+n, now)
}

// adapt changes the threshold when the rate of packets asks for it.
func (s *source) adapt(packets int, now time.Time) {
	if s.fixed || !s.load.add(packets, now) {
		return
	}
	if err := s.group.send(s.tuning(s.load.heavy)); err != nil {
		s.keepThreshold(err)
	}
}

// refused takes the kernel's answer to a change of the threshold.
func (s *source) refused(errno unix.Errno) {
	if errno != 0 && !s.fixed {
		s.keepThreshold(errno)
	}
}

func (s *source) keepThreshold(err error) {
	s.fixed = true
	s.env.Log.Warn("the threshold stays as it is: the kernel refuses to change it", "error", err)
}

func (s *source) Close() error {
	if s.group == nil {
		return nil
	}
	if err := s.group.unbind(); err != nil {
		return fmt.Errorf("close netlink socket: %w", err)
	}
	return nil
}

// Lost returns how many packets of the group found no room in the socket's buffer.
func (s *source) Lost() uint64 { return s.loss.lost.Load() }

// Adapt is [pipeline.CaptureAdapter].
func (s *source) Adapt(p *pipeline.Packet) string { return s.reshape(p) }

package pcap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/sources/pcap/internal/tpacket"
)

// batchLen is the number of packets that are delivered at once.
const batchLen = 64

// countInterval is the number of blocks after which the kernel's count of lost
// packets is read, so that its 32 bits don't overflow.
const countInterval = 4096

func newSource(s Settings, env pipeline.Env) pipeline.Source {
	return &source{
		Settings: s, kernelFilter: env.KernelFilter,
		gatekeeper: gatekeeper{saturatedFor: env.SaturatedFor, countRefused: env.CountRefused, canaries: env.Canaries},
		log:        env.Log.With("interface", string(s.Interface)),
	}
}

type source struct {
	Settings
	kernelFilter func(linklayer.Type, uint32) []bpf.Instruction
	gatekeeper   gatekeeper
	queue        queue
	log          *slog.Logger

	socket    *afpacket.Socket // nil before Open and after Close
	link      afpacket.Link
	listening bool           // packets of link arrive
	state     afpacket.State // as the log was told
	trouble   string         // likewise, with an interface that can't be captured from
	batch     []pipeline.Packet
	blocks    uint32 // delivered so far

	deadline deadline
	ticking  bool // the deadline is that of a tick
	came     int  // packets since the last one

	mu      sync.Mutex // guards ring for Lost, lost, and what Health needs
	ring    *tpacket.Ring
	lost    uint64
	watched *afpacket.Socket // while it is open
	deaf    error            // why no packets arrive
}

func (s *source) Open(context.Context) error {
	socket, link, err := afpacket.Open(string(s.Interface))
	if err != nil {
		return err
	}
	s.socket, s.link, s.state = socket, link, afpacket.Up
	s.watch(socket)
	if s.Latency == 0 {
		if s.queue, err = openQueue(string(s.Interface), s.Snaplen); err != nil {
			return err
		}
	}
	s.batch = make([]pipeline.Packet, batchLen)
	if err := s.start(); err != nil {
		return fmt.Errorf("open interface %s: %w", s.Interface, err)
	}
	return nil
}

// start makes the ring and lets packets arrive.
func (s *source) start() error {
	blocks, size := s.ringBlocks()
	ring, err := tpacket.New(s.socket.Raw, tpacket.Config{BlockSize: size, Blocks: blocks, Timeout: s.blockTimeout()})
	if err != nil {
		return err
	}
	s.setRing(ring)
	s.prepare(s.socket)
	if s.queue.socket != nil {
		s.prepare(s.queue.socket)
	}
	return s.listen()
}

// blockTimeout is after what time the ring hands over a block that is not full.
func (s *source) blockTimeout() time.Duration {
	if s.Latency == 0 {
		return ringLatency
	}
	return s.Latency
}

// prepare sets up what ring and queue have in common.
func (s *source) prepare(socket *afpacket.Socket) {
	s.deadline.conns = append(s.deadline.conns, socket.Conn)
	if s.Direction == In {
		// The filter knows this too, but this saves its run. Linux has it from
		// 4.20 on.
		_ = socket.Control(func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
		})
	}
}

// listen lets the link's packets arrive. What has to be set for that comes first,
// so that nothing else ever does.
func (s *source) listen() error {
	program, selects := s.program(s.link.LinkType)
	if err := s.attachFilter(program, selects); err != nil {
		return fmt.Errorf("attach kernel filter: %w", err)
	}
	if s.Promiscuous {
		if err := s.socket.Control(s.makePromiscuous); err != nil {
			return fmt.Errorf("make promiscuous: %w", err)
		}
	}
	s.gatekeeper.open()
	if err := s.socket.Receive(s.link); err != nil {
		return err
	}
	if err := s.queue.listen(s.link, program); err != nil {
		return err
	}
	s.listening = true
	return nil
}

// attachFilter has the kernel select packets, in a flood with a gate if there can be one.
func (s *source) attachFilter(program []bpf.Instruction, selects bool) error {
	if s.useGate(program, selects) {
		return s.socket.Control(s.gatekeeper.gate.Load().Attach)
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	return s.socket.Conn.SetBPF(raw)
}

func (s *source) makePromiscuous(fd int) error {
	return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
		&unix.PacketMreq{Ifindex: int32(s.link.Index), Type: unix.PACKET_MR_PROMISC})
}

func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	defer context.AfterFunc(ctx, s.deadline.pass)()
	s.tickLater()
	for ctx.Err() == nil {
		if err := s.take(deliver); err != nil && ctx.Err() == nil {
			return fmt.Errorf("capture on interface %s: %w", s.Interface, err)
		}
	}
	s.drain(deliver)
	return nil
}

// take waits for packets and delivers them, or does what it was woken for.
func (s *source) take(deliver func([]pipeline.Packet)) error {
	var err error
	if s.queue.inUse {
		err = s.fromQueue(deliver)
	} else {
		err = s.fromRing(deliver)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && s.ticking && s.state == afpacket.Up:
		return s.tick()
	case errors.Is(err, os.ErrDeadlineExceeded), isErrno(err):
		return s.look()
	}
	return err
}

// isErrno reports whether it is an error of the socket that something can be done about.
func isErrno(err error) bool {
	_, ok := errors.AsType[unix.Errno](err)
	return ok
}

// fromRing waits for a block and delivers it.
func (s *source) fromRing(deliver func([]pipeline.Packet)) error {
	block, err := s.ring.Next()
	if err == nil {
		s.deliver(&block, deliver)
	}
	return err
}

// deliver passes a block on and gives it back to the kernel.
func (s *source) deliver(block *tpacket.Block, deliver func([]pipeline.Packet)) {
	var last pipeline.Instant
	for {
		n := block.Read(s.batch, s.link.LinkType, s.Snaplen)
		if n == 0 {
			break
		}
		last = s.batch[n-1].Time
		if n = s.queue.ahead.without(s.batch[:n]); n > 0 {
			deliver(s.batch[:n])
			s.came += n
		}
	}
	lost := block.Rest()
	s.ring.Release()
	s.tendGate(last)
	if s.blocks++; lost > 0 || s.blocks%countInterval == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lost += uint64(lost)
		s.readDrops()
	}
}

func (s *source) Adapt(p *pipeline.Packet) string { return s.reshape(p) }

// Lost returns how many packets found no room in the ring. The queue may have delivered a few of
// them.
func (s *source) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readDrops()
	return s.lost
}

// readDrops adds up what the kernel counts from one reading to the next. The
// caller holds the lock.
func (s *source) readDrops() {
	if s.ring == nil {
		return
	}
	if drops, err := s.ring.Drops(); err == nil { // it fails after Close only
		s.lost += uint64(drops)
	}
}

// Health is [pipeline.HealthChecker]: it is about the interface.
func (s *source) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched == nil {
		return nil
	}
	if err := s.watched.Health(); err != nil {
		return err
	}
	return s.deaf
}

func (s *source) watch(socket *afpacket.Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = socket
}

func (s *source) setDeaf(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = err
}

func (s *source) setRing(r *tpacket.Ring) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring = r
}

func (s *source) Close() error {
	var errs []error
	s.mu.Lock()
	s.readDrops()
	ring := s.ring
	s.ring, s.watched = nil, nil
	s.mu.Unlock()
	if ring != nil {
		errs = append(errs, ring.Close())
	}
	errs = append(errs, s.queue.close())
	if s.socket != nil {
		errs = append(errs, s.socket.Close())
		s.socket = nil
	}
	s.gatekeeper.close() // nothing is refused any more
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close interface %s: %w", s.Interface, err)
	}
	return nil
}

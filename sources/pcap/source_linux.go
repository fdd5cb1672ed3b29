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
	log          *slog.Logger

	socket    *afpacket.Socket // nil before Open and after Close
	link      afpacket.Link
	listening bool           // packets of link arrive
	state     afpacket.State // as the log was told
	trouble   string         // likewise, with an interface that can't be captured from
	batch     []pipeline.Packet
	blocks    uint32 // delivered so far

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
	s.batch = make([]pipeline.Packet, batchLen)
	if err := s.start(); err != nil {
		return fmt.Errorf("open interface %s: %w", s.Interface, err)
	}
	return nil
}

// start makes the ring and lets packets arrive.
func (s *source) start() error {
	blocks, size := s.ringBlocks()
	ring, err := tpacket.New(s.socket.Raw, tpacket.Config{BlockSize: size, Blocks: blocks, Timeout: s.Latency})
	if err != nil {
		return err
	}
	s.setRing(ring)
	if s.Direction == In {
		// The filter knows this too, but this saves its run. Linux has it from
		// 4.20 on.
		_ = s.socket.Control(func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
		})
	}
	return s.listen()
}

// listen lets the link's packets arrive. What has to be set for that comes first,
// so that nothing else ever does.
func (s *source) listen() error {
	if err := s.attachFilter(); err != nil {
		return fmt.Errorf("attach kernel filter: %w", err)
	}
	if s.Promiscuous {
		if err := s.socket.Control(s.makePromiscuous); err != nil {
			return fmt.Errorf("make promiscuous: %w", err)
		}
	}
	if err := s.socket.Receive(s.link); err != nil {
		return err
	}
	s.listening = true
	return nil
}

// attachFilter has the kernel select packets, in a flood with a gate if there can be one.
func (s *source) attachFilter() error {
	program, selects := s.program(s.link.LinkType)
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
	conn, past := s.socket.Conn, time.Unix(1, 0)
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(past) })()
	for ctx.Err() == nil {
		block, err := s.ring.Next()
		switch {
		case err == nil:
			s.deliver(&block, deliver)
			continue
		case ctx.Err() == nil:
			err = s.mend(err)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("capture on interface %s: %w", s.Interface, err)
		}
	}
	s.drain(deliver)
	return nil
}

// mend does what an error of the ring calls for, and returns it where nothing helps.
func (s *source) mend(err error) error {
	var errno unix.Errno
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && s.gatekeeper.counting && s.state == afpacket.Up:
		return s.countLater()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &errno):
		return s.look()
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
		deliver(s.batch[:n])
		last = s.batch[n-1].Time
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

// Lost returns how many packets found no room in the ring.
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

package nflog

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	gonflog "github.com/florianl/go-nflog/v2"
	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
)

// group is a log group that belongs to us. go-nflog opens its socket, binds and
// configures it, and closes it in the end. In between its own loop, which copies
// every attribute of every packet, is parked in the function that it calls on
// errors, and the socket is free for another reader.
type group struct {
	number  uint16
	nflog   *gonflog.Nflog
	parked  chan struct{} // closed by go-nflog's loop
	release chan struct{} // closed to let it end
	cancel  context.CancelFunc
}

// bind opens a socket and binds the group to it. Until it returns, packets of the
// group are lost. Its error needs to be explained, see [explain].
func bind(s Settings) (*group, error) {
	nf, err := gonflog.Open(&gonflog.Config{
		Group:    s.Group,
		Copymode: gonflog.CopyPacket,
		Bufsize:  uint32(s.Snaplen),
		Flags:    gonflog.FlagSeq,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	g := &group{
		number: s.Group, nflog: nf, cancel: cancel,
		parked: make(chan struct{}), release: make(chan struct{}),
	}
	if err := g.register(ctx, int(s.BufferSize)); err != nil {
		cancel()
		_ = nf.Close()
		return nil, err
	}
	if err := g.start(s.tuning(false)); err != nil {
		_ = g.unbind()
		return nil, err
	}
	return g, nil
}

// register has go-nflog bind the group. The kernel sends packets as soon as the
// group is bound, and go-nflog, which is not done with configuring it, would take
// them for answers and give up: so the socket takes nothing but answers.
func (g *group) register(ctx context.Context, bufferSize int) error {
	if err := g.nflog.Con.SetReadBuffer(bufferSize); err != nil {
		return err
	}
	if err := g.answersOnly(); err != nil {
		return err
	}
	never := func(gonflog.Attribute) int { return 0 }
	return g.nflog.RegisterWithErrorFunc(ctx, never, g.park)
}

// park is where go-nflog's loop waits for the end.
func (g *group) park(error) int {
	close(g.parked)
	<-g.release
	return 1
}

// start parks go-nflog's loop and lets packets in.
func (g *group) start(t tuning) error {
	if err := g.interrupt(); err != nil {
		return err
	}
	<-g.parked
	if err := g.nflog.Con.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	if err := g.execute(t); err != nil {
		return fmt.Errorf("configure group: %w", err)
	}
	return g.nflog.Con.RemoveBPF()
}

// interrupt makes who reads from the socket return.
func (g *group) interrupt() error { return g.nflog.Con.SetReadDeadline(time.Now()) }

// unbind gives the group and its socket up: the kernel unbinds what a socket has bound when
// it is closed. Nobody may read from it any more.
func (g *group) unbind() error {
	close(g.release)
	g.cancel()
	return g.nflog.Close()
}

// execute changes the tuning and waits for the kernel's answer. The socket must
// take answers only.
func (g *group) execute(t tuning) error {
	m := t.message(g.number)
	m.Header.Flags |= netlink.Acknowledge
	_, err := g.nflog.Con.Execute(m)
	return err
}

// send changes the tuning. The kernel answers only if it refuses, among the packets.
func (g *group) send(t tuning) error {
	_, err := g.nflog.Con.Send(t.message(g.number))
	return err
}

// answersOnly makes the socket refuse everything but the kernel's answers.
func (g *group) answersOnly() error {
	const typeOffset = 4
	// Programs load in network byte order what netlink has in the host's.
	answer := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, typeError))
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: typeOffset, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(answer), SkipFalse: 1},
		bpf.RetConstant{Val: 1<<32 - 1},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return err
	}
	return g.nflog.Con.SetBPF(program)
}

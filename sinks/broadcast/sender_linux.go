package broadcast

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// attachInterval is how often at most the sender looks for a deleted interface.
const attachInterval = 100 * time.Millisecond

// sender sends frames on an interface.
type sender struct {
	name   string
	log    *slog.Logger
	socket *afpacket.Socket                // nil before open and after close
	asked  atomic.Pointer[afpacket.Socket] // the same, for complaint
	macs   *afpacket.MACReader
	looked time.Time // when a deleted interface was last looked for

	carrier *afpacket.CarrierReader
	mute    bool // there is none: what is sent is lost

	frame []byte // being sent
	err   error  // of that
	write func(fd uintptr) (done bool)

	state  pipeline.Reason // of the interface, as the log was told
	warned map[error]bool  // other errors that the log was told
}

func newSender(name string, log *slog.Logger) *sender {
	s := &sender{name: name, log: log, warned: make(map[error]bool)}
	s.write = s.writeFrame
	return s
}

func (s *sender) open() error {
	socket, link, err := afpacket.Open(s.name)
	if err != nil {
		return err
	}
	if link.LinkType != linklayer.Ethernet {
		return errors.Join(fmt.Errorf("open interface %s: %w", s.name, errNotEthernet), socket.Close())
	}
	s.socket, s.macs, s.carrier = socket, afpacket.NewMACReader(socket), afpacket.NewCarrierReader(socket)
	s.asked.Store(socket)
	return nil
}

// complaint returns what is wrong with the interface.
func (s *sender) complaint() error {
	if socket := s.asked.Load(); socket != nil {
		return socket.Health()
	}
	return nil
}

// look looks at the interface before frames are sent, and returns its address. It
// reports false if there is no interface, which it looks for from time to time.
func (s *sender) look() (mac [macLen]byte, there bool) {
	mac, there = s.macs.Read()
	if !there {
		s.attach()
		mac, there = s.macs.Read()
	}
	if !there {
		s.report(NoInterface, nil)
	}
	s.mute = there && s.carrier.Lost()
	return mac, there
}

// attach looks for an interface that has the name of the deleted one.
func (s *sender) attach() {
	now := time.Now()
	if now.Sub(s.looked) < attachInterval {
		return
	}
	s.looked = now
	if link, err := s.socket.Attach(); err == nil && link.LinkType != linklayer.Ethernet {
		_ = s.socket.Detach() // from what has no broadcast
	}
}

// send sends a frame if that is possible now.
func (s *sender) send(frame []byte) pipeline.Reason {
	s.frame = frame
	if err := s.socket.Raw.Write(s.write); err != nil {
		s.err = err
	}
	reason := reasons.Of(s.err)
	if reason == pipeline.Pass && s.mute {
		reason = InterfaceDown
	}
	s.report(reason, s.err)
	return reason
}

// writeFrame is always done: there is no waiting until the socket has room, and so nothing that
// a signal could interrupt.
func (s *sender) writeFrame(fd uintptr) (done bool) {
	_, s.err = unix.Write(int(fd), s.frame)
	return true
}

var reasons = afpacket.Reasons{
	QueueFull: QueueFull, Down: InterfaceDown, Gone: NoInterface,
	TooLong: FrameTooLong, NotPermitted: NotPermitted, Other: SendError,
}

// report logs the interface's state when it changes, and each strange error once.
func (s *sender) report(reason pipeline.Reason, err error) {
	switch reason {
	case s.state:
	case InterfaceDown:
		s.log.Warn("interface is down, nothing is sent")
		s.state = reason
	case NoInterface:
		s.log.Warn("interface is gone, nothing is sent")
		s.state = reason
	case pipeline.Pass:
		s.log.Info("interface is up again, sending")
		s.state = reason
	case NotPermitted, SendError:
		if !s.warned[err] {
			s.warned[err] = true
			s.log.Warn("can't send frame", "error", err)
		}
	}
}

func (s *sender) close() error {
	if s.socket == nil {
		return nil
	}
	if err := s.socket.Close(); err != nil {
		return fmt.Errorf("close interface %s: %w", s.name, err)
	}
	return nil
}

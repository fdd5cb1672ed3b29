package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

// receiveBuffer is the size of the socket's buffer that is asked for. Without CAP_NET_ADMIN
// net.core.rmem_max limits it.
const receiveBuffer = 4 << 20

func newSource(s Settings, r *receiver) pipeline.Source {
	return &source{Settings: s, receiver: r}
}

type source struct {
	Settings
	*receiver

	socket atomic.Pointer[net.UDPConn] // nil while it is not open
	lost   atomic.Uint64               // of the last socket
	batch  *datagrams
	out    [batchLen]pipeline.Packet
}

func (s *source) Open(ctx context.Context) error {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", s.Listen)
	if err != nil {
		return err
	}
	udp := conn.(*net.UDPConn)
	s.socket.Store(udp)
	if err := growBuffer(udp); err != nil {
		return err
	}
	s.batch = newDatagrams()
	return nil
}

func growBuffer(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer)
		if errors.Is(err, unix.EPERM) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
		}
	})
	if err := errors.Join(controlErr, err); err != nil {
		return fmt.Errorf("set receive buffer of UDP socket: %w", err)
	}
	return nil
}

func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	conn := s.socket.Load()
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	for {
		n, err := s.batch.read(raw)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return s.drain(raw, deliver)
		case err != nil:
			return fmt.Errorf("receive datagrams: %w", err)
		}
		s.pass(n, time.Now(), deliver)
	}
}

// mostDrained is the number of batches that drain reads at the most: the socket's buffer has room for
// no more.
const mostDrained = 128

// drain delivers what has come already. It does not wait.
func (s *source) drain(raw syscall.RawConn, deliver func([]pipeline.Packet)) error {
	for range mostDrained {
		n, err := s.batch.take(raw)
		if err != nil {
			return fmt.Errorf("receive datagrams: %w", err)
		}
		if n == 0 {
			break
		}
		s.pass(n, time.Now(), deliver)
	}
	return nil
}

// pass delivers the packets of the n datagrams of a batch.
func (s *source) pass(n int, now time.Time, deliver func([]pipeline.Packet)) {
	passed := 0
	for i := range n {
		datagram, from := s.batch.at(i)
		if s.receive(&s.out[passed], datagram, from, now) {
			passed++
		}
	}
	if passed > 0 {
		deliver(s.out[:passed])
	}
}

func (s *source) Close() error {
	conn := s.socket.Swap(nil)
	if conn == nil {
		return nil
	}
	s.lost.Store(drops(conn))
	if err := conn.Close(); err != nil {
		return fmt.Errorf("close UDP socket: %w", err)
	}
	return nil
}

// Lost is [pipeline.LossySource]: datagrams that found no room in the socket's buffer, or
// that had a wrong UDP checksum.
func (s *source) Lost() uint64 {
	if conn := s.socket.Load(); conn != nil {
		return drops(conn)
	}
	return s.lost.Load()
}

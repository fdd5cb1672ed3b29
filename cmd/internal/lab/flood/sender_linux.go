package flood

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Unlimited is the rate of a flood that is as fast as possible.
const Unlimited = math.MaxInt

// perSecond is how often a flood sends; what is due is sent by one system call.
const perSecond = 10_000

// atOnce is how much of a delay is made up for: frames that come too fast are lost
// on their way, in queues that no one counts.
const atOnce = 10 * time.Millisecond

// Sender sends frames on an interface. Its descriptor is a plain one: the runtime's
// poller would be woken by each frame that the kernel lets go of.
type Sender struct {
	fd       int
	frames   [][]byte
	iovecs   []unix.Iovec
	messages []mmsghdr
	next     int // frame to send
}

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	_      uint32 // bytes sent
}

// Open returns a sender of the frames, past the queueing discipline of the interface
// of the calling thread's network namespace. It sends them in turn, up to all of them
// by one system call: 64 are a good number. The sender keeps the frames; their bytes
// may be changed while it does not send.
func Open(name string, frames [][]byte) (*Sender, error) {
	fd, err := openSocket(name)
	if err != nil {
		return nil, fmt.Errorf("open sender on %s: %w", name, err)
	}
	s := &Sender{
		fd: fd, frames: frames,
		iovecs:   make([]unix.Iovec, len(frames)),
		messages: make([]mmsghdr, len(frames)),
	}
	for i, frame := range frames {
		s.iovecs[i].Base = &frame[0]
		s.iovecs[i].SetLen(len(frame))
		s.messages[i].header.Iov = &s.iovecs[i]
		s.messages[i].header.SetIovlen(1)
	}
	return s, nil
}

func openSocket(name string) (int, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	// Protocol 0 receives nothing.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifi.Index})),
		os.NewSyscallError("PACKET_QDISC_BYPASS", unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)),
	)
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// Close closes the sender.
func (s *Sender) Close() error { return unix.Close(s.fd) }

// Send sends one of the frames, by its index.
func (s *Sender) Send(i int) error {
	if _, err := unix.Write(s.fd, s.frames[i]); err != nil {
		return fmt.Errorf("send frame: %w", err)
	}
	return nil
}

// Burst sends n frames as fast as it goes, and returns how many went out: those for
// which there was no room did not. It calls forge as Run does.
func (s *Sender) Burst(n int, forge func(frame []byte)) (sent int, err error) {
	for n > 0 {
		now := min(n, len(s.frames)-s.next)
		done, err := s.some(now, forge)
		sent += done
		if err != nil {
			return sent, err
		}
		n -= now
	}
	return sent, nil
}

// some sends the next n frames, of which there are so many before the end.
func (s *Sender) some(n int, forge func(frame []byte)) (sent int, err error) {
	from, to := s.next, s.next+n
	if forge != nil {
		for _, frame := range s.frames[from:to] {
			forge(frame)
		}
	}
	s.next = to % len(s.frames)
	sent, err = s.send(s.messages[from:to])
	if err != nil {
		return 0, fmt.Errorf("send flood: %w", err)
	}
	return sent, nil
}

// Run sends at the rate, in frames per second, for so long, and returns how many it
// sent. It calls forge, if that is not nil, with each frame before it sends it. It
// keeps a CPU busy.
func (s *Sender) Run(ctx context.Context, rate int, long time.Duration, forge func(frame []byte)) (sent int, err error) {
	batch := max(rate/perSecond, 1)
	begin := time.Now()
	due := time.Duration(0)
	for ctx.Err() == nil {
		now := time.Since(begin)
		if now >= long {
			return sent, nil
		}
		if now < due {
			pause(due - now)
			continue
		}
		n := min(batch, len(s.frames)-s.next)
		due = max(due, now-atOnce) + time.Duration(n)*time.Second/time.Duration(rate)
		done, err := s.some(n, forge)
		if err != nil {
			return sent, err
		}
		sent += done
	}
	return sent, ctx.Err()
}

// send sends messages, or those of them that there is room for.
func (s *Sender) send(messages []mmsghdr) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
		uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), 0, 0, 0)
	runtime.KeepAlive(s)
	switch errno {
	case 0:
		return int(n), nil
	case unix.ENOBUFS, unix.EAGAIN, unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("sendmmsg", errno)
}

// pause waits: asleep if it is long, since waking up takes its time.
func pause(d time.Duration) {
	if d > 200*time.Microsecond {
		time.Sleep(d / 2)
	}
}

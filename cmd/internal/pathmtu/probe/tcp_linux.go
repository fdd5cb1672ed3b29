package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Times of a connection.
const (
	connectTime = 3 * time.Second
	segmentTime = 4 * time.Second
	tcpPoll     = 20 * time.Millisecond
)

// segments is how many full-size segments are sent: spaces, which mean nothing to most servers.
const segments = 3

// timestamps is what the option of every segment takes of it (RFC 7323).
const timestamps = 12

// attempt is a connection that is tried beside other probes.
type attempt struct {
	fd   int
	tcp  *TCP
	mtu  int // of the path, as the kernel knew it at first
	stop func()
	done chan struct{} // nil: there is none
}

// startTCP connects, before probes change what the kernel knows, and then sends segments
// while others probe.
func (p *prober) startTCP(ctx context.Context) *attempt {
	a := &attempt{fd: -1, stop: func() {}}
	if p.TCP == 0 {
		return a
	}
	p.Progress(fmt.Sprintf("connecting to port %d", p.TCP))
	a.tcp = &TCP{Port: p.TCP}
	if err := a.connect(ctx, p); err != nil {
		a.close()
		a.tcp.Error = err.Error()
		return a
	}
	ctx, cancel := context.WithCancel(ctx)
	a.done = make(chan struct{})
	go func() {
		defer close(a.done)
		defer a.close()
		a.send(ctx)
	}()
	a.stop = func() { cancel(); <-a.done }
	return a
}

// result waits for what became of the segments.
func (a *attempt) result(ctx context.Context) *TCP {
	if a.done != nil {
		select {
		case <-a.done:
		case <-ctx.Done():
		}
	}
	a.stop()
	return a.tcp
}

func (a *attempt) close() {
	if a.fd >= 0 {
		_ = unix.Close(a.fd)
	}
}

// connect connects and reads what the two sides have offered.
func (a *attempt) connect(ctx context.Context, p *prober) (err error) {
	family, headers := unix.AF_INET, headers4+headerTCP
	if p.Address.Is6() {
		family, headers = unix.AF_INET6, headers6+headerTCP
	}
	if a.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP); err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	if err := join(a.fd, p.Address, p.From, p.TCP); err != nil {
		return err
	}
	if err := a.established(ctx); err != nil {
		return err
	}
	info, err := unix.GetsockoptTCPInfo(a.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return fmt.Errorf("read TCP_INFO: %w", err)
	}
	a.read(info, headers, p.path.InterfaceMTU)
	return nil
}

// established waits for the answer to the SYN.
func (a *attempt) established(ctx context.Context) error {
	for end := time.Now().Add(connectTime); ; {
		fds := []unix.PollFd{{Fd: int32(a.fd), Events: unix.POLLOUT}}
		if _, err := unix.Poll(fds, int(slice.Milliseconds())); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if fds[0].Revents != 0 {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("no answer in %v", connectTime)
		}
	}
	errno, err := unix.GetsockoptInt(a.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	return err
}

// read reads the MSS of both sides. The peer's is known as far as the path allowed it.
func (a *attempt) read(info *unix.TCPInfo, headers, mtu int) {
	options := 0
	const hasTimestamps = 1
	if info.Options&hasTimestamps != 0 {
		options = timestamps
	}
	t := a.tcp
	a.mtu = int(info.Pmtu)
	t.Offered, t.Received = int(info.Advmss)+options, int(info.Snd_mss)+options
	t.SegmentSize = int(info.Snd_mss)
	whole := t.Received + headers
	t.Unsure = whole == int(info.Pmtu) && whole < mtu
	if whole < mtu && !t.Unsure {
		t.ClampedFor = whole
	}
}

// send sends full-size segments and watches what becomes of them.
func (a *attempt) send(ctx context.Context) {
	t := a.tcp
	t.Segments = Unclear
	data := bytes.Repeat([]byte(" "), segments*t.SegmentSize)
	if n, err := unix.SendmsgN(a.fd, data, nil, nil, unix.MSG_NOSIGNAL); err != nil || n < len(data) {
		return
	}
	for end := time.Now().Add(segmentTime); time.Now().Before(end); {
		info, err := unix.GetsockoptTCPInfo(a.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		t.Repeated = int(info.Total_retrans)
		if t.Segments = segmentsOf(info, t.SegmentSize, a.mtu); t.Segments != Unclear {
			t.ArrivedSize = arrivedSize(t, info)
			return
		}
		if pause(ctx, tcpPoll) != nil {
			return
		}
	}
}

// enough is after how many timeouts in a row segments are given up.
const enough = 3

// States of a connection (net/tcp_states.h).
const tcpClose = 7

// segmentsOf judges by what the kernel says, of a path MTU that was mtu.
func segmentsOf(info *unix.TCPInfo, size, mtu int) Segments {
	acknowledged := info.Unacked == 0 && info.Notsent_bytes == 0
	switch {
	case info.State == tcpClose:
		return Arrived // the server reset the connection because of them
	case acknowledged && int(info.Snd_mss) >= size:
		return Arrived
	case acknowledged && int(info.Pmtu) < mtu:
		return Shrunk
	case acknowledged, info.Retransmits >= enough:
		return Lost // in the first case tcp_mtu_probing has found a smaller size
	}
	return Unclear
}

func arrivedSize(t *TCP, info *unix.TCPInfo) int {
	if info.Unacked > 0 {
		return 0
	}
	return min(int(info.Snd_mss), t.SegmentSize)
}

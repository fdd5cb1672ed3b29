package nflogbench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// burst is the number of frames that are sent at once.
const burst = 64

// atOnce is how much of a delay is made up for.
const atOnce = 10 * time.Millisecond

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	_ uint32 // octets sent
}

// flood sends PTBs of 64 routers on the interface: rate of them a second for a
// time, in bursts, past the queueing discipline. It makes up for little of the time
// that it did not get: the kernel would drop what comes too fast, before the rule.
func flood(ctx context.Context, name string, rate int, length time.Duration) error {
	fd, err := openSender(name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	messages := newMessages()
	interval := burst * time.Second / time.Duration(rate)
	begin := time.Now()
	for due := time.Duration(0); ctx.Err() == nil; {
		now := time.Since(begin)
		switch {
		case now >= length:
			return nil
		case now < due:
			pause(due - now)
			continue
		}
		due = max(due, now-atOnce) + interval
		if err := send(fd, messages); err != nil {
			return fmt.Errorf("send on %s: %w", name, err)
		}
	}
	return ctx.Err()
}

// send sends a burst, or what there is room for.
func send(fd int, messages *[burst]mmsghdr) error {
	_, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(messages)), burst, 0, 0, 0)
	runtime.KeepAlive(messages)
	switch errno {
	case 0, unix.ENOBUFS, unix.EAGAIN, unix.EINTR:
		return nil
	}
	return os.NewSyscallError("sendmmsg", errno)
}

// pause waits: asleep if it is long, since waking up takes its time.
func pause(d time.Duration) {
	if d > 200*time.Microsecond {
		time.Sleep(d / 2)
	}
}

// openSender opens a socket that sends on the interface and receives nothing.
func openSender(name string) (fd int, err error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifi.Index})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("open sender on %s: %w", name, err)
	}
	return fd, nil
}

// newMessages returns PTBs, each of another router.
func newMessages() *[burst]mmsghdr {
	var messages [burst]mmsghdr
	for i := range messages {
		router := netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
		frame := pipelinetest.PTB{Router: router}.Frame()
		iovec := &unix.Iovec{Base: &frame[0]}
		iovec.SetLen(len(frame))
		messages[i].Iov = iovec
		messages[i].SetIovlen(1)
	}
	return &messages
}

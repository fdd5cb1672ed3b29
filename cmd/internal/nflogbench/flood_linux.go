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

// unlimited is a rate as high as it gets.
const unlimited = 0

// burst is the number of frames that are sent at once.
const burst = 64

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	n uint32
}

// flood sends PTBs of 64 routers on the interface: rate of them a second for a
// time, in bursts, past the queueing discipline.
func flood(ctx context.Context, name string, rate int, length time.Duration) error {
	fd, err := openSender(name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	messages := newMessages()
	begin := time.Now()
	for sent := 0; ctx.Err() == nil; {
		now := time.Since(begin)
		if now >= length {
			return nil
		}
		if rate != unlimited {
			if due := time.Duration(sent) * time.Second / time.Duration(rate); due > now {
				pause(due - now)
				continue
			}
		}
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&messages[0])), burst, 0, 0, 0)
		runtime.KeepAlive(messages)
		switch errno {
		case 0:
			sent += int(n)
		case unix.ENOBUFS, unix.EAGAIN, unix.EINTR:
		default:
			return fmt.Errorf("send on %s: %w", name, os.NewSyscallError("sendmmsg", errno))
		}
	}
	return ctx.Err()
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

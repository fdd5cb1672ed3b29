package livebench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// fast is the rate of a flood that is as fast as possible.
const fast = math.MaxInt

// batchLen is the number of frames that are sent by one system call at most.
const batchLen = 64

// Addresses of routers: 198.18.0.0/15 is for benchmarks (RFC 2544), 2001:db8::/32
// for documentation. Together they are more than a million.
var (
	router4 = netip.MustParseAddr("198.18.0.0")
	router6 = netip.MustParseAddr("2001:db8::1")
)

const (
	router4Bits = 17
	router6Bits = 20
)

// Offsets in the frames.
const (
	ipv4Checksum   = 14 + 10
	ipv4SourceEnd  = 14 + 16
	ipv6SourceHigh = 14 + 8 + 4 // behind 2001:db8
)

// flooder sends PTBs from random routers on the wire. Its descriptor is a plain one:
// the runtime's poller would be woken by each packet that the kernel lets go of.
type flooder struct {
	fd     int
	frames [batchLen][]byte // IPv4 and IPv6 in turn
	iovecs [batchLen]unix.Iovec
	mmsgs  [batchLen]mmsghdr
	random *rand.Rand
}

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	sent   uint32
}

// newFlooder opens a socket that bypasses the queueing discipline. Call it in the
// namespace of the wire.
func newFlooder(to [6]byte) (*flooder, error) {
	ifi, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifi.Index})),
		os.NewSyscallError("PACKET_QDISC_BYPASS", unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)),
	)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	f := &flooder{fd: fd, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	for i := range f.frames {
		router := router4
		if i%2 == 1 {
			router = router6
		}
		f.frames[i] = pipelinetest.PTB{Router: router, DstMAC: to}.Frame()
		f.iovecs[i].Base = &f.frames[i][0]
		f.iovecs[i].SetLen(len(f.frames[i]))
		f.mmsgs[i].header.Iov = &f.iovecs[i]
		f.mmsgs[i].header.SetIovlen(1)
	}
	return f, nil
}

func (f *flooder) close() error { return unix.Close(f.fd) }

// run sends at the rate, in packets per second, for so long and returns how many
// packets it sent.
func (f *flooder) run(ctx context.Context, rate int, long time.Duration) (sent int, err error) {
	batch := min(max(rate/10000, 1), batchLen)
	begin := time.Now()
	for ctx.Err() == nil {
		passed := time.Since(begin)
		if passed >= long {
			break
		}
		if float64(sent) > float64(rate)*passed.Seconds() {
			continue
		}
		f.forge(batch)
		n, err := f.send(batch)
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return sent, fmt.Errorf("send flood: %w", err)
		}
		sent += n
	}
	return sent, ctx.Err()
}

// forge gives the first n frames other routers.
func (f *flooder) forge(n int) {
	for i, frame := range f.frames[:n] {
		r := f.random.Uint32()
		if i%2 == 1 {
			binary.BigEndian.PutUint32(frame[ipv6SourceHigh:], r>>(32-router6Bits))
			continue
		}
		low := frame[ipv4SourceEnd-3 : ipv4SourceEnd]
		r = 18<<16 | r>>(32-router4Bits)
		low[0], low[1], low[2] = byte(r>>16), byte(r>>8), byte(r)
		sumIPv4(frame[14:34])
	}
}

// sumIPv4 renews the checksum of an IPv4 header without options.
func sumIPv4(ip []byte) {
	ip[10], ip[11] = 0, 0
	var sum uint32
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
}

// send sends the first n frames, or the first of them.
func (f *flooder) send(n int) (sent int, err error) {
	r, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(f.fd), uintptr(unsafe.Pointer(&f.mmsgs[0])), uintptr(n), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// flood sends to the host's interface from the wire's CPU.
func (b *bench) flood(ctx context.Context, rate int, long time.Duration) (sent int, err error) {
	host, err := b.network.host.Interface(iface)
	if err != nil {
		return 0, err
	}
	err = b.network.wire.Do(func() error {
		f, err := newFlooder([6]byte(host.HardwareAddr))
		if err != nil {
			return err
		}
		defer f.close()
		return onCPU(b.cpus.wire, func() error {
			sent, err = f.run(ctx, rate, long)
			return err
		})
	})
	return sent, err
}

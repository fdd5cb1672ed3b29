package relay

import (
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/sealed"
)

// batchLen is the number of datagrams that one system call reads.
const batchLen = 64

// datagramLen is the room for one. What fills it is longer than any that could be sound.
const datagramLen = sealed.Overhead + sealed.MaxPacket + 1

// datagrams is what recvmmsg(2) fills.
type datagrams struct {
	headers [batchLen]header
	iovecs  [batchLen]unix.Iovec
	names   [batchLen]unix.RawSockaddrInet6 // large enough for IPv4 too
	bytes   [batchLen][datagramLen]byte

	receive func(fd uintptr) bool // made once, so that read does not allocate
	n       int
	err     error
}

// header is struct mmsghdr.
type header struct {
	unix.Msghdr
	len uint32
}

func newDatagrams() *datagrams {
	d := new(datagrams)
	for i := range d.headers {
		d.iovecs[i].Base = &d.bytes[i][0]
		d.iovecs[i].SetLen(datagramLen)
		d.headers[i].Name = (*byte)(unsafe.Pointer(&d.names[i]))
		d.headers[i].Iov = &d.iovecs[i]
		d.headers[i].SetIovlen(1)
	}
	d.receive = d.recvmmsg
	return d
}

// read waits for datagrams and returns how many came.
func (d *datagrams) read(raw syscall.RawConn) (int, error) {
	if err := raw.Read(d.receive); err != nil {
		return 0, err
	}
	return d.n, d.err
}

// take returns how many datagrams there are already, without waiting for any.
func (d *datagrams) take(raw syscall.RawConn) (int, error) {
	d.n, d.err = 0, nil
	if err := raw.Control(func(fd uintptr) { d.recvmmsg(fd) }); err != nil {
		return 0, err
	}
	return d.n, d.err
}

// recvmmsg reports whether there is a result: there is none while there are no datagrams.
func (d *datagrams) recvmmsg(fd uintptr) bool {
	for i := range d.headers {
		d.headers[i].Namelen = unix.SizeofSockaddrInet6
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd,
			uintptr(unsafe.Pointer(&d.headers)), batchLen, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			d.n, d.err = int(n), nil
			return true
		case unix.EAGAIN:
			return false
		case unix.EINTR:
		default:
			d.n, d.err = 0, errno
			return true
		}
	}
}

// at returns a datagram and where it came from.
func (d *datagrams) at(i int) (datagram []byte, from netip.Addr) {
	name := &d.names[i]
	if name.Family == unix.AF_INET {
		from = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr)
	} else {
		from = netip.AddrFrom16(name.Addr).Unmap()
	}
	return d.bytes[i][:d.headers[i].len], from
}

// meminfoDrops is the index of the socket's lost datagrams in SO_MEMINFO (SK_MEMINFO_DROPS in
// linux/sock_diag.h), and meminfoLen the number of figures there.
const (
	meminfoDrops = 8
	meminfoLen   = 9
)

// drops returns how many datagrams the kernel dropped for want of room.
func drops(conn *net.UDPConn) uint64 {
	var info [meminfoLen]uint32
	size := uint32(unsafe.Sizeof(info))
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		_, _, _ = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return uint64(info[meminfoDrops])
}

package tpacket

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Queue is the receive queue of a packet socket that has no ring. Its methods are for one
// goroutine.
type Queue struct {
	raw     syscall.RawConn
	snaplen int

	buffer  []byte // a packet, behind room for its VLAN tag
	iovec   unix.Iovec
	from    unix.RawSockaddrLinklayer
	control auxiliary
	header  unix.Msghdr

	ready func(fd uintptr) bool // made once, as is read
	read  func(fd uintptr)
	calls rawCalls
	n     int
	errno unix.Errno
}

// auxiliary is the control message that a packet comes with: struct cmsghdr and struct
// tpacket_auxdata (linux/if_packet.h).
type auxiliary struct {
	unix.Cmsghdr
	status, length, captured uint32
	mac, net                 uint16
	tci, tpid                uint16
}

// NewQueue prepares a socket to be read with at most snaplen bytes of each packet.
func NewQueue(raw syscall.RawConn, snaplen int) (*Queue, error) {
	q := &Queue{raw: raw, snaplen: snaplen, buffer: make([]byte, wire.VLANTagLen+snaplen)}
	q.iovec.Base = &q.buffer[wire.VLANTagLen]
	q.iovec.SetLen(snaplen)
	q.header = unix.Msghdr{
		Name:    (*byte)(unsafe.Pointer(&q.from)),
		Iov:     &q.iovec,
		Control: (*byte)(unsafe.Pointer(&q.control)),
	}
	q.header.SetIovlen(1)
	q.ready, q.read = q.hasPacketOrFailed, q.recvmsg
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = os.NewSyscallError("PACKET_AUXDATA", unix.SetsockoptInt(int(fd), unix.SOL_PACKET, unix.PACKET_AUXDATA, 1))
	}); e != nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("prepare receive queue: %w", err)
	}
	return q, nil
}

// Wait waits until there is a packet. Errors are as those of [Ring.Next].
func (q *Queue) Wait() error {
	q.errno = 0
	if err := q.raw.Read(q.ready); err != nil {
		return err
	}
	if q.errno != 0 {
		return q.errno
	}
	return nil
}

// hasPacketOrFailed reports whether Wait need not wait (any longer). It does not peek, since Linux
// forgets a packet's length then (origlen in packet_recvmsg).
func (q *Queue) hasPacketOrFailed(fd uintptr) bool {
	events := q.calls.poll(fd)
	if events&unix.POLLERR != 0 {
		q.errno = q.calls.socketError(fd)
	}
	return events&unix.POLLIN != 0 || q.errno != 0
}

// Read describes the next packet, as of the link type and with the time at which it is read, and
// reports whether there was one. Its data are valid until the next call. A VLAN tag that the
// kernel took off is put back. A pending error of the socket is returned and taken from it.
func (q *Queue) Read(p *pipeline.Packet, link linklayer.Type) (ok bool, err error) {
	if err := q.raw.Control(q.read); err != nil {
		return false, err
	}
	switch q.errno {
	case 0:
	case unix.EAGAIN:
		return false, nil
	default:
		return false, q.errno
	}
	end := wire.VLANTagLen + min(q.n, q.snaplen)
	tag := vlanTag{q.control.status, q.control.tci, q.control.tpid}
	fill(p, q.buffer[:end], wire.VLANTagLen, int(q.control.length), tag, link, q.snaplen)
	p.Time = pipeline.InstantOf(time.Now())
	p.Type = packetType(q.from.Pkttype)
	return true, nil
}

// recvmsg reads a packet without waiting for one.
func (q *Queue) recvmsg(fd uintptr) {
	for {
		q.header.Namelen = uint32(unsafe.Sizeof(q.from))
		q.header.SetControllen(int(unsafe.Sizeof(q.control)))
		q.control = auxiliary{}
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&q.header)), unix.MSG_DONTWAIT)
		q.n, q.errno = int(n), errno
		if errno != unix.EINTR {
			return
		}
	}
}

// Discard forgets what is in the queue. A pending error of the socket is returned and taken from it.
func (q *Queue) Discard() error {
	var pending error
	for {
		if err := q.raw.Control(q.read); err != nil {
			return err
		}
		switch q.errno {
		case 0:
		case unix.EAGAIN:
			return pending
		default:
			if pending != nil {
				return pending
			}
			pending = q.errno
		}
	}
}

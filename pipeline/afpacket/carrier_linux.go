package afpacket

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// askInterval is how often at most a driver is asked about its link.
const askInterval = 100 * time.Millisecond

// CarrierReader looks again and again, without allocating, whether a socket's
// interface has a carrier.
type CarrierReader struct {
	socket  *Socket
	at      unix.RawSockaddrLinklayer
	request *unix.Ifreq
	link    linkRequest
	asked   time.Time // when the driver was, since the interface ran
	lost    bool
	read    func(fd uintptr) // made once
}

// linkRequest is struct ifreq for an ethtool_value (linux/ethtool.h).
type linkRequest struct {
	name  [unix.IFNAMSIZ]byte
	value *linkValue
	_     [16]byte
}

type linkValue struct{ command, up uint32 }

// NewCarrierReader returns a reader for the interface that s is attached to whenever
// it is asked.
func NewCarrierReader(s *Socket) *CarrierReader {
	r := &CarrierReader{socket: s, request: anyInterface()}
	r.link.value = &linkValue{command: unix.ETHTOOL_GLINK}
	r.read = func(fd uintptr) { r.lost = r.isLost(fd) }
	return r
}

// Lost reports whether the interface is up without a carrier: the kernel takes frames
// for it without an error and forgets them (noop_enqueue in net/sched/sch_generic.c).
func (r *CarrierReader) Lost() bool {
	r.lost = false
	_ = r.socket.Raw.Control(r.read) // a closed socket has lost nothing
	return r.lost
}

func (r *CarrierReader) isLost(fd uintptr) bool {
	if errno := getsockname(fd, &r.at); errno != 0 || r.at.Ifindex <= 0 {
		return false
	}
	flags, err := readFlags(int(fd), int(r.at.Ifindex), r.request)
	if err != nil || flags&unix.IFF_UP == 0 || flags&unix.IFF_RUNNING != 0 {
		r.asked = time.Time{}
		return false
	}
	return !r.hasLink(fd)
}

// hasLink asks the driver of the interface that request names. The flags may be a
// second late to tell that there is a carrier; this has the kernel look after it at
// once. It takes the lock of all who configure interfaces, hence not each time.
func (r *CarrierReader) hasLink(fd uintptr) bool {
	if now := time.Now(); now.Sub(r.asked) >= askInterval {
		r.asked = now
		r.link.name = *(*[unix.IFNAMSIZ]byte)(unsafe.Pointer(r.request))
		r.link.value.up = 0
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, fd, unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r.link))) // up stays 0
	}
	return r.link.value.up != 0
}

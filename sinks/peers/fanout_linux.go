package peers

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// fanout is one message for many peers, as sendmmsg(2) takes it: a header for each
// peer with its address, all pointing to the same octets and the same TTL. So a
// new message is a matter of changing these two.
type fanout struct {
	peers   []*peer // by header
	headers []header
	octets  unix.Iovec
	ttl     ttlControl
}

// header is struct mmsghdr.
type header struct {
	unix.Msghdr
	sent uint32
}

// ttlControl is a control message (cmsg(3)) with a TTL or hop limit, padded to its
// alignment.
type ttlControl struct {
	unix.Cmsghdr
	value int32
	_     int32
}

// newFanout returns nil without targets. They are of one address family.
func newFanout(targets []target) *fanout {
	if len(targets) == 0 {
		return nil
	}
	f := &fanout{headers: make([]header, len(targets))}
	f.ttl.Level, f.ttl.Type = unix.IPPROTO_IP, unix.IP_TTL
	if targets[0].addr.Is6() {
		f.ttl.Level, f.ttl.Type = unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT
	}
	f.ttl.SetLen(unix.CmsgLen(4))
	f.octets.SetLen(0)
	for i, t := range targets {
		f.peers = append(f.peers, t.peer)
		h := &f.headers[i]
		h.Name, h.Namelen = sockaddr(t)
		h.Iov = &f.octets
		h.SetIovlen(1)
		h.Control = (*byte)(unsafe.Pointer(&f.ttl))
		h.SetControllen(unix.CmsgSpace(4))
	}
	return f
}

// sockaddr returns the target's address and its length as the kernel wants them.
func sockaddr(t target) (*byte, uint32) {
	if t.addr.Is4() {
		a := &unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: t.addr.As4()}
		return (*byte)(unsafe.Pointer(a)), unix.SizeofSockaddrInet4
	}
	a := &unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: t.addr.As16()}
	return (*byte)(unsafe.Pointer(a)), unix.SizeofSockaddrInet6
}

// load sets what is to be sent. The octets are borrowed until unload.
func (f *fanout) load(message []byte, ttl uint8) {
	f.octets.Base = unsafe.SliceData(message)
	f.octets.SetLen(len(message))
	f.ttl.value = int32(ttl)
}

func (f *fanout) unload() { f.octets.Base = nil }

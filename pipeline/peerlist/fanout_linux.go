package peerlist

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Fanout is one message for many peers, as sendmmsg(2) takes it: a header for each
// peer with its address, all pointing to the same bytes and the same TTL. So a
// new message is a matter of changing these two.
type Fanout struct {
	peers   []*peer // by header
	headers []header
	bytes   unix.Iovec
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
func newFanout(targets []target, c Config) *Fanout {
	if len(targets) == 0 {
		return nil
	}
	f := &Fanout{headers: make([]header, len(targets))}
	f.ttl.Level, f.ttl.Type = unix.IPPROTO_IP, unix.IP_TTL
	if targets[0].addr.Is6() {
		f.ttl.Level, f.ttl.Type = unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT
	}
	f.ttl.SetLen(unix.CmsgLen(4))
	for i, t := range targets {
		f.peers = append(f.peers, t.peer)
		h := &f.headers[i]
		h.Name, h.Namelen = sockaddr(t, c.Port)
		h.Iov = &f.bytes
		h.SetIovlen(1)
		if c.HopLimit {
			h.Control = (*byte)(unsafe.Pointer(&f.ttl))
			h.SetControllen(unix.CmsgSpace(4))
		}
	}
	return f
}

// sockaddr returns the target's address and its length as the kernel wants them.
func sockaddr(t target, port uint16) (*byte, uint32) {
	port = binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, port))
	if t.addr.Is4() {
		a := &unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: t.addr.As4()}
		return (*byte)(unsafe.Pointer(a)), unix.SizeofSockaddrInet4
	}
	a := &unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: t.addr.As16(), Scope_id: uint32(t.index)}
	return (*byte)(unsafe.Pointer(a)), unix.SizeofSockaddrInet6
}

// load sets what is to be sent. The bytes are borrowed until unload.
func (f *Fanout) load(message []byte, ttl uint8) {
	f.bytes.Base = unsafe.SliceData(message)
	f.bytes.SetLen(len(message))
	f.ttl.value = int32(ttl)
}

func (f *Fanout) unload() { f.bytes.Base = nil }

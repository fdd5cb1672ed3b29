package afpacket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MACReader reads the hardware address of a socket's interface again and again
// without allocating.
type MACReader struct {
	socket *Socket
	at     unix.RawSockaddrLinklayer
	errno  unix.Errno
	read   func(fd uintptr) // made once
}

// NewMACReader returns a reader for the interface that s is attached to whenever
// it is asked.
func NewMACReader(s *Socket) *MACReader {
	r := &MACReader{socket: s}
	r.read = func(fd uintptr) { r.errno = getsockname(fd, &r.at) }
	return r
}

// Read returns the address that the interface has now. It reports false if there
// is no such interface, or none with an address of six bytes.
func (r *MACReader) Read() (mac [6]byte, ok bool) {
	if err := r.socket.Raw.Control(r.read); err != nil || r.errno != 0 {
		return mac, false
	}
	return [6]byte(r.at.Addr[:]), r.at.Halen == uint8(len(mac))
}

// getsockname is unix.Getsockname for a packet socket, into memory that is there.
func getsockname(fd uintptr, at *unix.RawSockaddrLinklayer) unix.Errno {
	size := uint32(unsafe.Sizeof(*at))
	_, _, errno := unix.Syscall(unix.SYS_GETSOCKNAME, fd, uintptr(unsafe.Pointer(at)), uintptr(unsafe.Pointer(&size)))
	return errno
}

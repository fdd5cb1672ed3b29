package nflog

import (
	"errors"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// datagramLen is the longest datagram that the kernel makes: it fills the buffer
// of 131072 bytes to the end of the memory that it got for it, a power of two.
const datagramLen = 2 * maxNetlinkBuffer

// socket reads datagrams into one buffer, without allocating.
type socket struct {
	conn   syscall.RawConn
	buffer []byte
	try    func(fd uintptr) (done bool) // a closure made at each read would be allocated
	n      int
	err    error
}

func newSocket(c *netlink.Conn) (*socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{conn: raw, buffer: make([]byte, datagramLen)}
	s.try = s.tryRead
	return s, nil
}

func (s *socket) tryRead(fd uintptr) (done bool) {
	s.n, s.err = unix.Read(int(fd), s.buffer)
	return !errors.Is(s.err, unix.EAGAIN) // EINTR is for sockets that block
}

// read waits for a datagram. It is lent until the next call. An error is
// [unix.ENOBUFS] if the kernel had to drop one, and [os.ErrDeadlineExceeded] if the
// read deadline has passed.
func (s *socket) read() (datagram []byte, err error) {
	if err := s.conn.Read(s.try); err != nil {
		return nil, err
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.buffer[:s.n], nil
}

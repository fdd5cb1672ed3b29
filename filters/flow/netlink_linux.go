package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// headerLen is the length of struct nlmsghdr in bytes.
const headerLen = unix.SizeofNlMsghdr

// answerTime is how long the kernel may take to answer, which it does within the call that
// asks it.
const answerTime = 100_000 // microseconds

// conn asks the kernel one question at a time. It allocates nothing per question.
type conn struct {
	fd       int
	sequence uint32
	request  [256]byte
	reply    [8192]byte
}

func dial(family int) (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	timeout := unix.Timeval{Usec: answerTime}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return nil, errors.Join(os.NewSyscallError("SO_RCVTIMEO", err), unix.Close(fd))
	}
	return &conn{fd: fd}, nil
}

func (c *conn) close() error { return os.NewSyscallError("close", unix.Close(c.fd)) }

// begin starts a request and returns the place of its body.
func (c *conn) begin() []byte { return c.request[headerLen:headerLen] }

// ask sends the request whose body is body, as [conn.begin] returned it and appended to,
// and returns the body of the reply, lent until the next question. What the kernel refuses
// is a [unix.Errno].
func (c *conn) ask(kind uint16, body []byte) ([]byte, error) {
	c.sequence++
	message := c.request[:headerLen+len(body)]
	binary.NativeEndian.PutUint32(message, uint32(len(message)))
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(message[8:], c.sequence)
	if _, err := unix.Write(c.fd, message); err != nil {
		return nil, os.NewSyscallError("write", err)
	}
	for {
		n, err := unix.Read(c.fd, c.reply[:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, os.NewSyscallError("read", err)
		}
		body, mine, err := c.parse(c.reply[:n])
		if mine {
			return body, err
		}
	}
}

// parse reads one message. It reports false if that answers an earlier question.
func (c *conn) parse(b []byte) (body []byte, mine bool, err error) {
	if len(b) < headerLen {
		return nil, true, fmt.Errorf("reply of %d bytes", len(b))
	}
	if binary.NativeEndian.Uint32(b[8:]) != c.sequence {
		return nil, false, nil
	}
	length := int(binary.NativeEndian.Uint32(b))
	if length < headerLen || length > len(b) {
		return nil, true, fmt.Errorf("reply of %d bytes claims %d", len(b), length)
	}
	body = b[headerLen:length]
	if binary.NativeEndian.Uint16(b[4:]) != unix.NLMSG_ERROR {
		return body, true, nil
	}
	if len(body) < 4 {
		return nil, true, errors.New("error without a number")
	}
	return nil, true, unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
}

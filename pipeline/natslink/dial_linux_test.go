package natslink

import (
	"context"
	"errors"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDial bounds what the kernel keeps for a server that does not read. It gives up with its
// context.
func TestDial(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	size := func(c net.Conn) (n int) {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) { n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF) })
		}
		if err != nil {
			t.Error(err)
		}
		return n
	}
	ctx, cancel := context.WithCancel(t.Context())
	got, err := (&dialer{ctx}).Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	want, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if err := want.(*net.TCPConn).SetWriteBuffer(256 << 10); err != nil {
		t.Fatal(err)
	}
	if size(got) != size(want) {
		t.Errorf("send buffer of %d bytes, want %d", size(got), size(want))
	}
	cancel()
	if _, err := (&dialer{ctx}).Dial("tcp", listener.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

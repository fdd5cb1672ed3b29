package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
)

// port is the TCP port of the downloads and the UDP source port of [RunSingle].
const port = 80

// request is what a client says when it wants the data.
const request = "\n"

// serve makes every server offer downloads on the VIP until the context ends.
// The returned function waits until the last of them is over.
func (n *Network) serve(ctx context.Context) (wait func(), err error) {
	var serving sync.WaitGroup
	for _, s := range n.Servers {
		l, err := s.Service.NS.Listen(n.Config.Family.network("tcp"), netip.AddrPortFrom(s.Service.Addr, port).String())
		if err != nil {
			return serving.Wait, fmt.Errorf("serve downloads: %w", err)
		}
		context.AfterFunc(ctx, func() { l.Close() })
		serving.Go(func() { accept(ctx, l, s.Name, n.Config.Bytes) })
	}
	return serving.Wait, nil
}

// accept sends a download on every connection until the listener is closed.
func accept(ctx context.Context, l net.Listener, name string, size int) {
	var uploads sync.WaitGroup
	defer uploads.Wait()
	data := strings.Repeat("x", size)
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		uploads.Go(func() { upload(ctx, c, name, data) })
	}
}

// upload sends one line with the server's name, which is small enough to arrive
// in any case, and the data when it is asked for. It returns when the client has
// closed or the context has ended.
func upload(ctx context.Context, c net.Conn, name, data string) {
	defer context.AfterFunc(ctx, func() { abort(c) })()
	defer c.Close()
	if _, err := io.WriteString(c, name+"\n"); err != nil {
		return
	}
	if _, err := io.ReadFull(c, make([]byte, len(request))); err != nil {
		return
	}
	if _, err := io.WriteString(c, data); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, c) // until the client has it all and closes
}

// abort closes a connection without waiting for what was not acknowledged, which
// would keep the namespace alive for minutes.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

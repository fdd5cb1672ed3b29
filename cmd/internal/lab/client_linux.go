package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// connectTimeout is how long a connection may take. Nothing on the way up is too
// big, so one that is not made is a failure of the lab.
const connectTimeout = 15 * time.Second

// settling is the time after which a connection that was refused is tried again.
const settling = 50 * time.Millisecond

// Download is one connection as its client saw it.
type Download struct {
	// From is the client's address and port.
	From netip.AddrPort
	// Server is the server that the router chose.
	Server string
	// Bytes is how many bytes of data arrived.
	Bytes int
	// Hung is whether progress stopped for [Config.Stall] before the end, or the
	// end did not come in time.
	Hung bool
	// Recovery is the time from the request to the first byte of data: a round
	// trip, or until the server has learned the path MTU. It is 0 when no data came.
	Recovery time.Duration
	// Elapsed is the time from the request to the last byte that arrived.
	Elapsed time.Duration
}

// connect connects client i to a server that may have one more connection. After that,
// the server waits. A network that was made a moment ago may still refuse a connection.
func (n *Network) connect(ctx context.Context, i int, servers *deal) (net.Conn, Download, error) {
	for deadline := time.Now().Add(connectTimeout); ; {
		from, err := servers.from(n.client(i))
		if err != nil {
			return nil, Download{}, err
		}
		c, server, err := n.connectFrom(ctx, from)
		switch {
		case err != nil && (ctx.Err() != nil || time.Now().After(deadline)):
			return nil, Download{}, err
		case err != nil:
			time.Sleep(settling)
		case servers.take(server):
			return c, Download{From: from, Server: server}, nil
		default:
			abort(c)
		}
	}
}

// connectFrom connects and reads which server that is.
func (n *Network) connectFrom(ctx context.Context, from netip.AddrPort) (net.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := n.Clients.Dial(ctx, n.Config.Family.network("tcp"), from.String(), netip.AddrPortFrom(n.VIP, port).String())
	if err != nil {
		return nil, "", err
	}
	name, err := bufio.NewReader(&timedConn{c, connectTimeout}).ReadString('\n')
	if err != nil {
		abort(c)
		return nil, "", fmt.Errorf("read server's name: %w", err)
	}
	return c, strings.TrimSuffix(name, "\n"), nil
}

// fetch asks for the data and records what arrives until size bytes have come or
// the connection hangs.
func (d *Download) fetch(c io.ReadWriter, size int) error {
	asked := time.Now()
	if _, err := io.WriteString(c, request); err != nil {
		return fmt.Errorf("ask %s for data: %w", d.Server, err)
	}
	for buffer := make([]byte, 64<<10); d.Bytes < size; {
		got, err := c.Read(buffer)
		if got > 0 {
			d.Bytes += got
			d.Elapsed = time.Since(asked)
		}
		if d.Recovery == 0 {
			d.Recovery = d.Elapsed
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			d.Hung = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("read from %s after %d bytes: %w", d.Server, d.Bytes, err)
		}
	}
	return nil
}

// timedConn is a connection whose reads time out.
type timedConn struct {
	net.Conn
	timeout time.Duration
}

func (c *timedConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

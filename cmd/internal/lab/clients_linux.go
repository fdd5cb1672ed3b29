package lab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// connecting is how many clients connect at the same time. They start their
// downloads together, but each must have got so far first.
const connecting = 16

// connected are clients that have connected, and wait for the start.
type connected struct {
	downloads   []Download
	connections []net.Conn
}

// connectAll connects all clients.
func (n *Network) connectAll(ctx context.Context) (*connected, error) {
	return n.connectAs(ctx, func(i int) int { return i % n.Config.Clients })
}

// connectAs has connection i made by a client.
func (n *Network) connectAs(ctx context.Context, client func(i int) int) (*connected, error) {
	number := n.Config.Connections
	c := &connected{downloads: make([]Download, number), connections: make([]net.Conn, number)}
	servers := newDeal(number, len(n.Servers))
	err := eachOf(number, connecting, func(i int) (err error) {
		c.connections[i], c.downloads[i], err = n.connect(ctx, client(i), servers)
		return err
	})
	if err != nil {
		c.abort()
		return nil, fmt.Errorf("connect clients: %w", err)
	}
	return c, nil
}

// within makes connections end their reads when the limit has passed.
func within(limit time.Duration) func(net.Conn) (io.ReadWriter, error) {
	deadline := time.Now().Add(limit)
	return func(c net.Conn) (io.ReadWriter, error) { return c, c.SetReadDeadline(deadline) }
}

// whileMoving makes connections end a read that takes as long as stall.
func whileMoving(stall time.Duration) func(net.Conn) (io.ReadWriter, error) {
	return func(c net.Conn) (io.ReadWriter, error) { return &timedConn{c, stall}, nil }
}

// download makes all clients ask for their data at once. It returns when each has all
// of it, or a read has ended that bound limits.
func (c *connected) download(ctx context.Context, size int, bound func(net.Conn) (io.ReadWriter, error)) error {
	defer context.AfterFunc(ctx, c.abort)()
	err := eachOf(len(c.downloads), len(c.downloads), func(i int) error {
		connection, err := bound(c.connections[i])
		if err != nil {
			return err
		}
		return c.downloads[i].fetch(connection, size)
	})
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

// abort closes the connections.
func (c *connected) abort() {
	for _, connection := range c.connections {
		if connection != nil { // not all may have connected
			abort(connection)
		}
	}
}

// eachOf calls f for each index below n, up to some at the same time, and returns one
// of the errors: one is enough to read.
func eachOf(n, atOnce int, f func(i int) error) error {
	errs := make([]error, n)
	places := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		running.Go(func() {
			errs[i] = f(i)
			<-places
		})
	}
	running.Wait()
	return cmp.Or(errs...)
}

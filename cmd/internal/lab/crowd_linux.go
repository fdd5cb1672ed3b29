package lab

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// connecting is how many clients connect at the same time. They start their
// downloads together, but each must have got so far first.
const connecting = 16

// crowd are clients that have connected, and wait.
type crowd struct {
	downloads   []Download
	connections []net.Conn
}

// gather connects all clients.
func (n *Network) gather(ctx context.Context) (*crowd, error) {
	c := &crowd{downloads: n.planDownloads()}
	c.connections = make([]net.Conn, len(c.downloads))
	err := eachOf(len(c.downloads), connecting, func(i int) (err error) {
		c.connections[i], err = n.connect(ctx, &c.downloads[i])
		return err
	})
	if err != nil {
		c.disperse()
		return nil, fmt.Errorf("connect clients: %w", err)
	}
	return c, nil
}

// download makes all clients ask for their data at once, and returns when each has
// all of it or the limit has passed.
func (c *crowd) download(ctx context.Context, size int, limit time.Duration) error {
	defer context.AfterFunc(ctx, c.disperse)()
	deadline := time.Now().Add(limit)
	err := eachOf(len(c.downloads), len(c.downloads), func(i int) error {
		if err := c.connections[i].SetReadDeadline(deadline); err != nil {
			return err
		}
		return c.downloads[i].fetch(c.connections[i], size)
	})
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

// disperse closes the connections.
func (c *crowd) disperse() {
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

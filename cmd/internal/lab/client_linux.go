package lab

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

// connectTimeout is how long a connection may take. Nothing on the way up is too
// big, so one that is not made is a failure of the lab.
const connectTimeout = 15 * time.Second

// Download is one connection as its client saw it.
type Download struct {
	// From is the client's address and port.
	From netip.AddrPort
	// Server is the server that the router chose.
	Server string
	// Bytes is how many octets of data arrived.
	Bytes int
	// Hung is whether progress stopped for [Config.Stall] before the end, or the
	// end did not come in time.
	Hung bool
	// Recovery is the time from the request to the first octet of data: a round
	// trip, or until the server has learned the path MTU. It is 0 when no data came.
	Recovery time.Duration
	// Elapsed is the time from the request to the last octet that arrived.
	Elapsed time.Duration
}

// download makes all connections at the same time and returns when each of them
// is complete or hung, in the order of their ports.
func (n *Network) download(ctx context.Context) ([]Download, error) {
	downloads := n.planDownloads()
	errs := make([]error, len(downloads))
	var running sync.WaitGroup
	for i := range downloads {
		running.Go(func() { errs[i] = n.downloadOne(ctx, &downloads[i]) })
	}
	running.Wait()
	if err := cmp.Or(errs...); err != nil { // one is enough to read
		return nil, fmt.Errorf("download: %w", err)
	}
	return downloads, nil
}

// planDownloads returns the downloads to be made, with nothing but their addresses.
func (n *Network) planDownloads() []Download {
	downloads := make([]Download, n.Config.Connections)
	for i := range downloads {
		downloads[i].From = netip.AddrPortFrom(n.client(i%n.Config.Clients), uint16(firstPort+i))
	}
	return downloads
}

func (n *Network) downloadOne(ctx context.Context, d *Download) error {
	c, err := n.connect(ctx, d)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { abort(c) })()
	defer abort(c)
	return d.fetch(&impatient{c, n.Config.Stall}, n.Config.Bytes)
}

// connect connects and reads which server that is. After that, the server waits.
func (n *Network) connect(ctx context.Context, d *Download) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := n.Clients.Dial(ctx, n.Config.Family.network("tcp"), d.From.String(), netip.AddrPortFrom(n.VIP, port).String())
	if err != nil {
		return nil, err
	}
	name, err := bufio.NewReader(&impatient{c, connectTimeout}).ReadString('\n')
	if err != nil {
		abort(c)
		return nil, fmt.Errorf("read server's name: %w", err)
	}
	d.Server = strings.TrimSuffix(name, "\n")
	return c, nil
}

// fetch asks for the data and notes what arrives until size octets have come or
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
			return fmt.Errorf("read from %s after %d octets: %w", d.Server, d.Bytes, err)
		}
	}
	return nil
}

// impatient is a connection each of whose reads waits only so long.
type impatient struct {
	net.Conn
	patience time.Duration
}

func (c *impatient) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

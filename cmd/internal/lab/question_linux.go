package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// question is a datagram of a client as a server's service got it.
type question struct {
	server *Server
	socket net.PacketConn // that answers
	from   net.Addr       // whom
}

// questions are those that the services get, one at a time.
type questions struct {
	got     chan question
	sockets []net.PacketConn
	reading sync.WaitGroup
	next    int // port of a client
}

// listen opens a socket for datagrams in each service. What it returns with an error is
// to be closed too.
func (n *Network) listen() (*questions, error) {
	q := &questions{got: make(chan question, 1), next: firstPort}
	for _, s := range n.Servers {
		socket, err := s.Service.NS.ListenPacket(n.Config.Family.network("udp"), netip.AddrPortFrom(s.Service.Addr, port).String())
		if err != nil {
			return q, fmt.Errorf("listen for datagrams: %w", err)
		}
		q.sockets = append(q.sockets, socket)
		q.reading.Go(func() { q.read(s, socket) })
	}
	return q, nil
}

// read passes questions on until the socket is closed.
func (q *questions) read(s *Server, socket net.PacketConn) {
	for buffer := make([]byte, 1); ; {
		_, from, err := socket.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // it is about the PTB
		}
		select {
		case q.got <- question{s, socket, from}:
		default: // nobody waits for it any more
		}
	}
}

func (q *questions) close() {
	for _, socket := range q.sockets {
		_ = socket.Close()
	}
	q.reading.Wait()
}

// ask sends a datagram from one port of the client after the other, until the router
// sends one to the owner.
func (n *Network) ask(ctx context.Context, client netip.Addr, owner *Server, asked *questions) (question, error) {
	deadline := time.Now().Add(connectTimeout)
	for time.Now().Before(deadline) {
		from := netip.AddrPortFrom(client, uint16(asked.next))
		asked.next++
		if err := n.askFrom(ctx, from); err != nil {
			return question{}, err
		}
		select {
		case q := <-asked.got:
			if q.server == owner {
				return q, nil
			}
		case <-time.After(time.Second): // it is lost
		case <-ctx.Done():
			return question{}, context.Cause(ctx)
		}
	}
	return question{}, fmt.Errorf("no datagram reached %s within %v", owner.Name, connectTimeout)
}

func (n *Network) askFrom(ctx context.Context, from netip.AddrPort) error {
	client, err := n.Clients.Dial(ctx, n.Config.Family.network("udp"), from.String(), netip.AddrPortFrom(n.VIP, port).String())
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.Write([]byte(request)); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	return nil
}

package monitor

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/daemon/connlimit"
)

// Move is the change of a server's address. Commit or Cancel ends it.
type Move struct {
	server       *Server
	before, addr string
	listener     net.Listener // nil if nothing has to be opened
}

// Prepare opens another address, HOST:PORT, or none if it is empty. The server goes on at
// its old address, unless that is in the way. On error all is as before.
func (s *Server) Prepare(ctx context.Context, addr string) (m *Move, err error) {
	m = &Move{server: s, before: s.addr, addr: addr}
	if addr != "" && addr != s.addr {
		m.listener, err = s.listen(ctx, addr)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// listen opens an address beside the old one or, if that is in the way, in its place.
func (s *Server) listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := listen(ctx, addr)
	if !errors.Is(err, syscall.EADDRINUSE) || port(addr) != s.port {
		return listener, err
	}
	old := s.addr
	if err = s.Close(); err == nil {
		listener, err = listen(ctx, addr)
	}
	if err != nil {
		return nil, errors.Join(err, s.Listen(ctx, old))
	}
	return listener, nil
}

// Commit serves at the new address. Requests at the old one are completed.
func (m *Move) Commit() error {
	s := m.server
	if m.addr == s.addr {
		return nil
	}
	err := s.Close()
	if m.listener != nil {
		s.addr, s.port = m.addr, port(m.listener.Addr().String())
		s.serve(connlimit.Listen(m.listener, mostConnections))
	}
	return err
}

// Cancel leaves the server where it was.
func (m *Move) Cancel(ctx context.Context) error {
	if m.listener == nil {
		return nil
	}
	err := m.listener.Close()
	return errors.Join(err, m.server.Listen(ctx, m.before)) // it may have had to make way
}

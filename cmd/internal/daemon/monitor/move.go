package monitor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/daemon/connlimit"
	"github.com/pmtud/pmtud/cmd/internal/daemon/webconfig"
)

// Move is the change of a server's address. Commit or Cancel ends it.
type Move struct {
	server       *Server
	before, addr Address
	listener     net.Listener // nil if nothing has to be opened
}

// Prepare opens another address. The server goes on at its old one, unless that is in the
// way. On error all is as before.
func (s *Server) Prepare(ctx context.Context, addr Address) (m *Move, err error) {
	m = &Move{server: s, before: s.addr, addr: addr}
	if addr.WebConfig != "" {
		if err := webconfig.Check(addr.WebConfig); err != nil {
			return nil, fmt.Errorf("serve metrics and health: web configuration: %w", err)
		}
	}
	switch {
	case addr.Listen == "":
	case addr.Listen != s.addr.Listen:
		m.listener, err = s.listen(ctx, addr)
	case addr.WebConfig != "" || s.addr.WebConfig != "": // what the file says may have changed
		m.listener, err = duplicate(s.listener)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// duplicate returns another listener for a socket, which may be one that a confined process
// can't make again.
func duplicate(l net.Listener) (net.Listener, error) {
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileListener(f)
}

// listen opens an address beside the old one or, if that is in the way, in its place.
func (s *Server) listen(ctx context.Context, addr Address) (net.Listener, error) {
	listener, err := listen(ctx, addr.Listen)
	if !errors.Is(err, syscall.EADDRINUSE) || port(addr.Listen) != s.port {
		return listener, err
	}
	old := s.addr
	if err = s.Close(); err == nil {
		listener, err = listen(ctx, addr.Listen)
	}
	if err != nil {
		return nil, errors.Join(err, s.Listen(ctx, old))
	}
	return listener, nil
}

// Commit serves at the new address. Requests at the old one are completed.
func (m *Move) Commit() error {
	s := m.server
	if m.addr == s.addr && m.listener == nil {
		return nil
	}
	if old, ok := s.listener.(*net.UnixListener); ok && m.addr.Listen == s.addr.Listen {
		old.SetUnlinkOnClose(false)
	}
	err := s.Close()
	if m.listener != nil {
		if l, ok := m.listener.(*net.UnixListener); ok {
			l.SetUnlinkOnClose(true)
		}
		s.addr, s.port, s.listener = m.addr, port(m.listener.Addr().String()), m.listener
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

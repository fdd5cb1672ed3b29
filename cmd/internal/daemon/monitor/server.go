package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/connlimit"
)

// What one client may take.
const (
	mostConnections = 128
	mostHeader      = 8 << 10 // bytes
	readTimeout     = 3 * time.Second
	writeTimeout    = 10 * time.Second // longer than a scrape may take
	closeTimeout    = 2 * time.Second
)

// Server listens on an address, or on none. Its methods are for one goroutine.
type Server struct {
	handler http.Handler
	log     *slog.Logger

	addr string       // as it was asked for
	port string       // that it has got
	http *http.Server // nil while it listens on no address
	runs sync.WaitGroup
}

// NewServer returns a server that listens on no address yet.
func NewServer(handler http.Handler, log *slog.Logger) *Server {
	return &Server{handler: handler, log: log}
}

// Listen makes the server listen on another address, HOST:PORT, or on none if it is
// empty. On error the server goes on as before; otherwise requests at the old address are
// completed.
func (s *Server) Listen(ctx context.Context, addr string) error {
	m, err := s.Prepare(ctx, addr)
	if err != nil {
		return err
	}
	return m.Commit()
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve metrics and health: %w", err)
	}
	return l, nil
}

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// serve serves one request on each connection: idle clients hold none.
func (s *Server) serve(listener net.Listener) {
	server := &http.Server{
		Handler:        connlimit.Mark(s.handler),
		ConnContext:    connlimit.Context,
		ReadTimeout:    readTimeout,
		WriteTimeout:   writeTimeout,
		MaxHeaderBytes: mostHeader,
		// Mistakes of clients are worth no more.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	server.SetKeepAlivesEnabled(false)
	s.http = server
	s.runs.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("metrics and health are not served any more", "error", err)
		}
	})
	s.log.Info("serving metrics and health", "address", listener.Addr().String())
}

// Close stops listening. It gives open requests a moment to complete.
func (s *Server) Close() error {
	if s.http == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.runs.Wait()
	s.http, s.addr, s.port = nil, "", ""
	if err != nil {
		return fmt.Errorf("stop serving metrics and health: %w", err)
	}
	return nil
}

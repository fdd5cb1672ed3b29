package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/connlimit"
	"github.com/pmtud/pmtud/cmd/internal/daemon/unixsocket"
	"github.com/pmtud/pmtud/cmd/internal/daemon/webconfig"
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

	addr     Address      // as it was asked for
	port     string       // that it has got
	listener net.Listener // nil while it listens on no address
	http     *http.Server // likewise
	runs     sync.WaitGroup
}

// Address is where a server listens, and how. The zero value is nowhere.
type Address struct {
	Listen    string // HOST:PORT, or unix:PATH for a socket for root and the process's group
	WebConfig string // path of a file for package webconfig; empty: neither TLS nor passwords
}

// NewServer returns a server that listens on no address yet.
func NewServer(handler http.Handler, log *slog.Logger) *Server {
	return &Server{handler: handler, log: log}
}

// Listen makes the server listen on another address. On error the server goes on as before;
// otherwise requests at the old address are completed.
func (s *Server) Listen(ctx context.Context, addr Address) error {
	m, err := s.Prepare(ctx, addr)
	if err != nil {
		return err
	}
	return m.Commit()
}

func listen(ctx context.Context, addr string) (l net.Listener, err error) {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		l, err = unixsocket.Listen(path)
	} else {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("serve metrics and health: %w", err)
	}
	return l, nil
}

// unixPrefix is what a path has before it as an address.
const unixPrefix = "unix:"

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
	web := s.addr.WebConfig
	s.runs.Go(func() {
		var err error
		if web == "" {
			err = server.Serve(listener)
		} else {
			err = webconfig.Serve(server, listener, web, s.log)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("no longer serving metrics and health", "error", err)
		}
	})
	attrs := []any{"address", listener.Addr().String()}
	if web != "" {
		attrs = append(attrs, "web_config", web)
	}
	s.log.Info("serving metrics and health", attrs...)
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
	s.http, s.listener, s.addr, s.port = nil, nil, Address{}, ""
	if err != nil {
		return fmt.Errorf("stop serving metrics and health: %w", err)
	}
	return nil
}

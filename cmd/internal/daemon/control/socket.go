package control

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
	"github.com/pmtud/pmtud/cmd/internal/daemon/unixsocket"
)

// Off is what is said instead of a path when there is to be no socket.
const Off = "off"

// PathOf returns where the socket of a program is if nobody says otherwise.
func PathOf(program string) string { return "/run/" + program + "/" + program + ".sock" }

// What clients may take.
const (
	mostConnections = 64
	mostHeader      = 16 << 10 // bytes
	readTimeout     = 3 * time.Second
	writeTimeout    = 10 * time.Second
)

// Server serves a socket until it is closed.
type Server struct {
	listener net.Listener
	http     *http.Server
	log      *slog.Logger
	runs     sync.WaitGroup
}

// Listen makes the socket, for root and the group of the process only. A socket at this path
// that nobody listens on is replaced.
func Listen(path string, log *slog.Logger) (*Server, error) {
	l, err := unixsocket.Listen(path)
	if err != nil {
		return nil, fmt.Errorf("listen on control socket: %w", err)
	}
	return &Server{listener: connlimit.Listen(l, mostConnections), log: log}, nil
}

// Serve serves a connection for each request, in a goroutine of its own.
func (s *Server) Serve(handler http.Handler) {
	s.http = &http.Server{
		Handler:        connlimit.Mark(handler),
		ConnContext:    connlimit.Context,
		ReadTimeout:    readTimeout,
		WriteTimeout:   writeTimeout, // but for taps
		MaxHeaderBytes: mostHeader,
		// What clients do wrong is not worth more.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.http.SetKeepAlivesEnabled(false)
	s.runs.Go(func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("no longer serving control socket", "error", err)
		}
	})
	s.log.Info("serving control socket", "path", s.listener.Addr().String())
}

// Close ends all connections and removes the socket, where the process still may.
func (s *Server) Close() error {
	if s.http == nil {
		return s.listener.Close()
	}
	err := s.http.Close()
	s.runs.Wait()
	return err
}

// NewClient returns a client of the daemon that listens at path. The host of an address does
// not matter: http://pmtud/api/status.
func NewClient(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
}

package daemon

import (
	"context"
	"net/http"
	"sync"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/page"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// seen returns the daemon as those see it who look at it.
func (d *daemon) seen(s *service.Service, files bool) control.Daemon {
	return control.Daemon{Program: d.Name, Version: d.Version, Files: files, Status: s.Status, Live: d.live}
}

// serveControl makes the control socket and serves it until the returned function is
// called. Where it can't be made the daemon runs without. A program that somebody else's
// process runs makes one only where it is told to.
func (d *daemon) serveControl(of control.Daemon, path string) (stop func()) {
	if path == "" {
		path = d.Socket
	}
	var server *control.Server
	if path != control.Off && (d.Signals != nil || path != d.Socket) {
		var err error
		if server, err = control.Listen(path, d.log.Logger()); err != nil {
			d.log.Logger().Warn("no control socket: status, top and tap can't reach this daemon", "error", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { d.live.Run(ctx, of.Status) })
	if server != nil {
		server.Serve(withPage(of))
	}
	return func() {
		if server != nil {
			_ = server.Close() // the process ends, and its socket may be out of its reach
		}
		cancel()
		running.Wait()
	}
}

// withPage returns what answers at the control socket: also the page, whatever http says,
// for the mode of the socket protects it.
func withPage(of control.Daemon) http.Handler {
	p := page.New(of)
	p.Allow(page.Loopback)
	mux := http.NewServeMux()
	mux.Handle("/api/", control.Handler(of))
	mux.Handle("/", p)
	return mux
}

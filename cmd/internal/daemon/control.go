package daemon

import (
	"context"
	"net/http"
	"sync"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/page"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// seen returns the daemon as those see it who look at it.
func (d *daemon) seen(s *service.Service, files bool) control.Daemon {
	status := func() service.Status {
		st := s.Status()
		st.Hearing = d.caller.State(st.Running())
		return st
	}
	return control.Daemon{Program: d.Name, Version: d.Version, Files: files, Status: status, Live: d.live}
}

// serveControl makes the control socket and serves it until the returned function is
// called. Where it can't be made the daemon runs without. A program that somebody else's
// process runs makes one only where it is told to.
func (d *daemon) serveControl(s *service.Service, of control.Daemon, path string) (stop func()) {
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
	running.Go(func() { d.live.Run(ctx, s.Status) })
	running.Go(func() {
		d.caller.Run(ctx, func() []*pipeline.Pipeline { return s.Status().Running() })
	})
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

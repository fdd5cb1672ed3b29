package cmd

import (
	"context"
	"log/slog"
	"runtime"

	"github.com/pmtud/pmtud/cmd/internal/metrics"
	"github.com/pmtud/pmtud/cmd/internal/monitor"
	"github.com/pmtud/pmtud/cmd/internal/service"
)

// newMonitor returns a server for metrics and health of the service, which does not
// listen yet.
func (a *app) newMonitor(s *service.Service, log *slog.Logger) (*monitor.Server, error) {
	build := metrics.Build{Version: version(), GoVersion: runtime.Version()}
	registry, err := metrics.NewRegistry(build, a.plugins, s.Status)
	if err != nil {
		return nil, err
	}
	return monitor.NewServer(monitor.NewHandler(registry, s.Status), log), nil
}

// moveMonitor makes the server listen on the address of a configuration that now
// runs. Where it can't, the old address stays.
func (d *daemon) moveMonitor(addr string) {
	if err := d.monitor.Listen(context.Background(), addr); err != nil {
		d.log.Logger().Error("metrics and health stay where they were", "error", err,
			"hint", "a confined program may have to be restarted to listen on another port")
	}
}

func (d *daemon) closeMonitor() {
	if err := d.monitor.Close(); err != nil {
		d.log.Logger().Error("can't stop in order", "error", err)
	}
}

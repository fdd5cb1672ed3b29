package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
	"github.com/pmtud/pmtud/cmd/internal/daemon/monitor"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// newMonitor returns a server for metrics and health of the service, which does not
// listen yet.
func (p *Program) newMonitor(s *service.Service, log *slog.Logger) (*monitor.Server, error) {
	build := metrics.Build{Version: p.Version, GoVersion: runtime.Version()}
	registry, err := metrics.NewRegistry(build, p.Plugins, s.Status)
	if err != nil {
		return nil, err
	}
	return monitor.NewServer(monitor.NewHandler(registry, s.Status), log), nil
}

// addMonitor has the server move to the address with the configuration, or not at all.
func (d *daemon) addMonitor(c *service.Configuration, addr string) {
	var move *monitor.Move
	c.Prepare = func(ctx context.Context) (err error) {
		if move, err = d.monitor.Prepare(ctx, addr); err == nil {
			return nil
		}
		if d.confined.isEntered() && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			err = fmt.Errorf("%w: the process gave up the right to it at its start; restart it to run this configuration", err)
		}
		return err
	}
	c.Adopt = func() { d.logMonitorError(move.Commit()) }
	// Also when it is the end of ctx that discards the configuration.
	c.Discard = func() { d.logMonitorError(move.Cancel(context.Background())) }
}

func (d *daemon) closeMonitor() { d.logMonitorError(d.monitor.Close()) }

// logMonitorError logs what went wrong with the monitor when it was too late to refuse.
func (d *daemon) logMonitorError(err error) {
	if err != nil {
		d.log.Logger().Error("metrics and health are not in order", "error", err)
	}
}

package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
	"github.com/pmtud/pmtud/cmd/internal/daemon/monitor"
	"github.com/pmtud/pmtud/cmd/internal/daemon/page"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// addServer gives the daemon a server for metrics, health and page, which does not listen
// yet.
func (d *daemon) addServer(of control.Daemon) error {
	build := metrics.Build{Version: d.Version, GoVersion: runtime.Version()}
	registry, err := metrics.NewRegistry(build, d.Plugins, of.Status)
	if err != nil {
		return err
	}
	d.page = page.New(of)
	d.monitor = monitor.NewServer(monitor.NewHandler(registry, of.Status, d.page), d.log.Logger())
	return nil
}

// addMonitor has the server move to the address with the configuration, or not at all.
func (d *daemon) addMonitor(c *service.Configuration, set config.HTTP) {
	var move *monitor.Move
	c.Prepare = func(ctx context.Context) (err error) {
		if err := d.confined.checkWeb(set.WebConfig); err != nil {
			return err
		}
		if move, err = d.monitor.Prepare(ctx, monitor.Address{Listen: set.Listen, WebConfig: set.WebConfig}); err == nil {
			return nil
		}
		if d.confined.isEntered() && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			err = fmt.Errorf("%w: the process gave up the right to it at its start; restart it to run this configuration", err)
		}
		return err
	}
	c.Adopt = func() {
		d.page.Allow(page.Off) // an address never has the page of another one's setting
		d.logMonitorError(move.Commit())
		d.page.Allow(page.Access(set.Page))
	}
	// Also when it is the end of ctx that discards the configuration.
	c.Discard = func() { d.logMonitorError(move.Cancel(context.Background())) }
}

func (d *daemon) closeMonitor() { d.logMonitorError(d.monitor.Close()) }

// logMonitorError logs what went wrong with the monitor when it was too late to refuse.
func (d *daemon) logMonitorError(err error) {
	if err != nil {
		d.log.Logger().Error("can't move or close the server of metrics and health", "error", err)
	}
}

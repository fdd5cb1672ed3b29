package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hearing"
	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/cmd/internal/daemon/logging"
	"github.com/pmtud/pmtud/cmd/internal/daemon/monitor"
	"github.com/pmtud/pmtud/cmd/internal/daemon/page"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// Run runs a configuration that was not read from files, until its sources end or ctx is
// done. It calls started once the pipelines are open.
func (p *Program) Run(ctx context.Context, f *config.File, started func()) error {
	return p.serve(ctx, f, nil, "", started)
}

// RunFiles runs the configuration that files declare, and those that replace it, until
// the sources end or ctx is done.
func (p *Program) RunFiles(ctx context.Context, named Files) error {
	resumeGC := p.PauseGC()
	defer resumeGC()
	files := &files{Files: named, program: p, ctx: ctx}
	f, fingerprint, err := files.load()
	if err = CheckUser(f, err); err != nil {
		return err
	}
	return p.serve(ctx, f, files, fingerprint, resumeGC)
}

// serve runs a configuration without mistakes, and those that replace it. The files are
// those it was read from, if any, and fingerprint theirs.
func (p *Program) serve(ctx context.Context, f *config.File, files *files, fingerprint string, started func()) error {
	d := &daemon{
		Program: p, log: newLog(p.Stderr), running: f.Global,
		arrived: seen.Recent(), published: seen.Published(),
	}
	d.live, d.caller = live.New(d.log.Logger()), hearing.New()
	defer d.log.Close()
	d.setLog(f.Global.Log)
	log := d.log.Logger()
	notifier, err := systemd.FromEnvironment()
	if err != nil {
		log.Warn("not notifying the service manager", "error", err)
	}
	defer notifier.Close()
	options := service.Options{Log: log, Notifier: notifier, Reload: p.Signals.reloads()}
	if files != nil {
		options.Source = &source{d, files}
	}
	log.Info("starting", "program", p.Name, "version", p.Version, "kernel", kernel(), "pipelines", len(f.Pipelines))
	first, err := d.configuration(f)
	if err != nil {
		return err
	}
	first.Fingerprint = fingerprint
	confine, err := d.confiner(f, files)
	if err != nil {
		return err
	}
	options.Opened = func() error {
		defer started()
		if p.Signals != nil { // the process is the program's own
			if err := dropCode(); err != nil {
				log.Debug("the code for the start stays in memory", "error", err)
			}
		}
		return confine()
	}
	s := service.New(options)
	looked := d.seen(s, files != nil)
	if err = d.addServer(looked); err != nil {
		return err
	}
	defer d.closeMonitor()
	defer d.serveControl(s, looked, f.Global.Control)()
	if err := d.pin(f.Global.CPU); err != nil {
		return err
	}
	defer p.Signals.onDebug(d.toggleDebug)()
	defer d.confined.watch()()
	if err := s.Run(ctx, first); err != nil {
		return errors.Join(ErrFailed, err)
	}
	return nil
}

// newLog returns a log in the form that suits its stream.
func newLog(w io.Writer) *logging.Log {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return logging.NewTerminal(w, os.Getenv("NO_COLOR") == "", columns.Of(w))
	}
	return logging.New(w, logging.IsJournal(w))
}

// daemon is what stays while configurations come and go.
type daemon struct {
	*Program
	log       *logging.Log
	monitor   *monitor.Server
	page      *page.Page
	running   config.Global // with what takes a restart as it was at the start
	arrived   *seen.Memory  // of all pipelines
	published *seen.Memory  // likewise
	live      *live.Live
	caller    *hearing.Caller

	confined *confinement // nil if the process is not confined
}

// configuration returns what a file without mistakes declares.
func (d *daemon) configuration(f *config.File) (service.Configuration, error) {
	for _, name := range f.Empty {
		d.log.Logger().Info("file declares nothing", "file", name)
	}
	c := service.Configuration{Hash: write.Hash(f), Watch: f.Global.Watch}
	d.addMonitor(&c, f.Global.HTTP)
	move := c.Adopt
	c.Adopt = func() {
		d.adopt(f.Global)
		move()
	}
	hears := f.Global.Canary.Interval > 0
	for i, spec := range f.Specs() {
		spec.Log = d.log.Folded().With("pipeline", spec.Name)
		spec.Arrived, spec.Published = d.arrived, d.published
		spec.Watcher = d.live.Watcher(spec.Name)
		if hears {
			spec.Ear = d.caller.Ear
		}
		c.Pipelines = append(c.Pipelines, service.Wanted{
			Name:     spec.Name,
			Identity: [...]any{f.Pipelines[i].Identity(), hears},
			Build:    func() (*pipeline.Pipeline, error) { return d.build(f, spec) },
		})
	}
	return c, nil
}

// build builds a pipeline of a file, unless the process has given up what it needs.
func (d *daemon) build(f *config.File, spec pipeline.Spec) (*pipeline.Pipeline, error) {
	p, err := d.buildOne(f, spec)
	if err != nil {
		return nil, err
	}
	if err := d.confined.check(p); err != nil {
		return nil, inLines(f.Locate(spec.Name, err))
	}
	return p, nil
}

// buildOne builds a pipeline of a file.
func (p *Program) buildOne(f *config.File, spec pipeline.Spec) (*pipeline.Pipeline, error) {
	spec.Program, spec.Stdin, spec.Stdout = p.UserAgent(), p.Stdin, p.Stdout
	built, err := pipeline.New(spec)
	if err != nil {
		return nil, f.Locate(spec.Name, err)
	}
	return built, nil
}

// adopt applies the top-level settings of a configuration that now runs.
func (d *daemon) adopt(g config.Global) {
	d.setLog(g.Log)
	d.caller.Set(g.Canary.Interval, g.Canary.Name)
	before := d.running
	for _, s := range []struct {
		name    string
		changed bool
	}{
		{"cpu", !equal(g.CPU, before.CPU)},
		{"user", g.User != before.User},
		{"sandbox", g.Sandbox != before.Sandbox},
		{"control", g.Control != before.Control},
	} {
		if s.changed {
			d.log.Logger().Warn("changed setting takes effect only after a restart", "setting", s.name)
		}
	}
}

// equal reports whether both are nil or point at the same value.
func equal[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (d *daemon) setLog(l config.Log) {
	var level slog.Level
	// The configuration was checked for the names of levels.
	_ = level.UnmarshalText([]byte(l.Level))
	d.log.Set(l.Format, level)
}

func (d *daemon) toggleDebug() {
	level := d.log.ToggleDebug()
	d.log.Logger().Info("log level changed", "level", level)
}

// pin pins the process to a processor, if there is one to pin it to.
func (d *daemon) pin(cpu *uint16) error {
	if cpu == nil {
		return nil
	}
	log := d.log.Logger().With("cpu", *cpu)
	if err := pinProcess(int(*cpu)); err != nil {
		log.Error("can't pin process to CPU", "error", err)
		return ErrFailed
	}
	log.Info("process pinned to CPU")
	return nil
}

package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// world is what pipelines of these tests work in. It notes what they do to it.
type world struct {
	mu       sync.Mutex
	events   []string
	held     map[string]bool // what is exclusive
	stolen   map[string]bool // what somebody else takes when it is free
	badBuild bool            // see forbid
	hangOpen bool            // likewise
	released chan struct{}   // closed to free everything that hangs
}

func newWorld(t *testing.T) *world {
	w := &world{held: map[string]bool{}, stolen: map[string]bool{}, released: make(chan struct{})}
	t.Cleanup(func() { close(w.released) })
	return w
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, fmt.Sprintf(format, args...))
}

// happened returns the events since the last call.
func (w *world) happened() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.events = nil }()
	return w.events
}

// hold takes or gives back something exclusive.
func (w *world) hold(name string, take bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if take && w.held[name] {
		return errors.New(name + " is taken")
	}
	w.held[name] = take || w.stolen[name]
	return nil
}

// steal has somebody else take something exclusive when it is free, until giveBack.
func (w *world) steal(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stolen[name] = true
}

func (w *world) giveBack(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stolen[name], w.held[name] = false, false
}

// forbid has no pipeline built, or none opened in time whatever its context says, until
// it is called again.
func (w *world) forbid(build, open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.badBuild, w.hangOpen = build, open
}

func (w *world) forbids() (build, open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.badBuild, w.hangOpen
}

// stage is the declaration of a pipeline that has nothing but this source.
type stage struct {
	Version   int
	Exclusive string // what it holds
	Refuse    bool   // to be opened
	Forbidden string // why the kernel does not let it be opened
	BadBuild  bool
	HangOpen  bool // whatever the context says
	SlowOpen  bool // until the context is done
	HangRun   bool // whatever the context says
	End       bool // at once
	Fail      bool // at once
	BadClose  bool
	HangClose bool
}

// source is the running stage.
type source struct {
	stage
	world *world
	name  string
	holds bool
}

func (s *source) called() string { return fmt.Sprintf("%s%d", s.name, s.Version) }

func (s *source) Needs() pipeline.Needs {
	if s.Exclusive == "" {
		return pipeline.Needs{}
	}
	return pipeline.Needs{Exclusive: []string{s.Exclusive}}
}

func (s *source) Open(ctx context.Context) error {
	s.world.note("open %s", s.called())
	_, hang := s.world.forbids()
	switch {
	case s.HangOpen || hang:
		<-s.world.released
	case s.SlowOpen:
		<-ctx.Done()
		return ctx.Err()
	case s.Refuse:
		return errors.New("refused")
	case s.Forbidden != "":
		return fmt.Errorf("%s: %w", s.Forbidden, syscall.EPERM)
	case s.Exclusive != "":
		if err := s.world.hold(s.Exclusive, true); err != nil {
			return err
		}
		s.holds = true
	}
	return nil
}

func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	deliver([]pipeline.Packet{{Time: 1, Data: []byte{0}, Length: 1}})
	switch {
	case s.Fail:
		return errors.New("cable cut")
	case s.End:
		return nil
	case s.HangRun:
		<-s.world.released
	}
	<-ctx.Done()
	return nil
}

func (s *source) Close() error {
	s.world.note("close %s", s.called())
	if s.HangClose {
		<-s.world.released
	}
	if s.holds {
		s.holds = false
		return s.world.hold(s.Exclusive, false)
	}
	if s.BadClose {
		return errors.New("jammed")
	}
	return nil
}

// declared is a configuration: stages by the names of their pipelines, in an order.
type declared []struct {
	name  string
	stage stage
}

func (w *world) wanted(name string, st stage) service.Wanted {
	plugin := pipeline.NewSource(pipeline.SourcePlugin[stage]{
		Type: "test",
		New: func(settings stage, env pipeline.Env) (pipeline.Source, error) {
			if bad, _ := w.forbids(); bad || settings.BadBuild {
				return nil, errors.New("badly built")
			}
			return &source{settings, w, env.Pipeline, false}, nil
		},
	})
	return service.Wanted{Name: name, Identity: &st, Build: func() (*pipeline.Pipeline, error) {
		return pipeline.New(pipeline.Spec{Name: name, Sources: []pipeline.Stage{{Plugin: plugin, Settings: &st}}})
	}}
}

func (w *world) configuration(d declared) service.Configuration {
	c := service.Configuration{Hash: fmt.Sprint(d), Fingerprint: fmt.Sprint(d)}
	for _, p := range d {
		c.Pipelines = append(c.Pipelines, w.wanted(p.name, p.stage))
	}
	return c
}

// files is a service.Source whose content the test sets.
type files struct {
	world *world
	mu    sync.Mutex
	now   declared
	bad   error
	watch bool
	noted bool // what is called of a configuration
	hang  bool
	loads int
	unfit error // of what configurations need beside pipelines
}

func (f *files) set(d declared, bad error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.bad = d, bad
}

func (f *files) Load() (service.Configuration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loads++
	if f.hang {
		f.mu.Unlock()
		<-f.world.released
		f.mu.Lock()
	}
	c := f.world.configuration(f.now)
	c.Watch = f.watch
	if unfit := f.unfit; f.noted {
		c.Prepare = func(context.Context) error { f.world.note("prepare"); return unfit }
		c.Adopt = func() { f.world.note("adopt") }
		c.Discard = func() { f.world.note("discard") }
	}
	c.Fingerprint += fmt.Sprint(f.bad)
	return c, f.bad
}

func (f *files) Fingerprint() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(f.now) + fmt.Sprint(f.bad)
}

// running is a service in a test's bubble.
type running struct {
	*service.Service
	world  *world
	files  *files
	log    bytes.Buffer // to be read when all is quiet
	reload chan os.Signal
	stop   context.CancelFunc
	result chan error
}

// run starts a service with the first content of its files, in a bubble of synctest.
func run(t *testing.T, first declared, change ...func(*service.Options, *files)) *running {
	w := newWorld(t)
	r := &running{
		world: w, files: &files{world: w, now: first},
		reload: make(chan os.Signal, 1), result: make(chan error, 1),
	}
	// The log's lock orders what is written, so that reading it afterwards is safe.
	options := service.Options{
		Log:    slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Source: r.files, Reload: r.reload,
	}
	for _, c := range change {
		c(&options, r.files)
	}
	r.Service = service.New(options)
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	c, _ := r.files.Load()
	go func() { r.result <- r.Run(ctx, c) }()
	synctest.Wait()
	return r
}

// hup asks for a reload and waits until nothing happens any more without time going on.
func (r *running) hup() {
	r.reload <- syscall.SIGHUP
	synctest.Wait()
}

// end stops the service and returns its result.
func (r *running) end() error {
	r.stop()
	return <-r.result
}

// states returns the running pipelines with their state.
func (r *running) states() (states []string) {
	for _, p := range r.Status().Pipelines {
		state := p.Name
		switch {
		case p.Err != nil:
			state += " failed: " + strings.SplitN(p.Err.Error(), "\n", 2)[0]
		case p.Ended:
			state += " ended"
		}
		states = append(states, state)
	}
	return states
}

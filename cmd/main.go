package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/offline/diagnose"
	"github.com/pmtud/pmtud/pipeline"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1 // while running
	exitUsage  = 2 // bad usage or bad configuration
)

// Streams are the program's input and outputs. Stdout must be safe for concurrent
// use, as files are: pipelines write to it on their own.
type Streams struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// Main runs a program with the process's arguments and streams, and returns its
// exit status. SIGINT and SIGTERM end it in order; one that comes later ends it at once. SIGHUP
// has a daemon reload its configuration, and SIGUSR1 switches lines of level debug on and
// off.
func Main(p Program) int {
	caught := daemon.CatchSignals()
	// A reader of standard output that has gone is an error of that write, and
	// not the end of the program.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) })
	a := newApp(p, filepath.Base(os.Args[0]), Streams{os.Stdin, os.Stdout, os.Stderr})
	a.Signals = caught
	return a.status(a.execute(ctx, os.Args[1:]))
}

// sameSignal is the time in which a second signal to end is taken for the first one:
// timeout(1) sends it to the process, and then to its group.
const sameSignal = 500 * time.Millisecond

// Run runs a program, by the name of pmtud if it has none of its own, with the arguments
// that follow its name, until it is done or ctx is, and returns its exit status. It leaves
// the process its rights and its signals, whatever the configuration says of them.
func Run(ctx context.Context, args []string, streams Streams, p Program) int {
	a := newApp(p, product, streams)
	return a.status(a.execute(ctx, args))
}

// app is what all commands work with.
type app struct{ daemon.Program }

func newApp(p Program, name string, streams Streams) *app {
	return &app{daemon.Program{
		Name: cmp.Or(p.Name, name), Version: cmp.Or(p.Version, builtVersion()), Plugins: p.Plugins,
		Socket: control.PathOf(cmp.Or(p.Name, product)),
		Stdin:  streams.Stdin, Stdout: streams.Stdout, Stderr: streams.Stderr,
	}}
}

func (a *app) execute(ctx context.Context, args []string) error {
	if err := checkPlugins(a.Plugins); err != nil {
		return err
	}
	if len(args) > 0 && (args[0] == "--version" || args[0] == "-V") { // no option: --ver is short for --verbose
		args = append([]string{"version"}, args[1:]...)
	}
	root := a.rootCommand()
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	args, err := normalize(root.Flags(), args)
	if err != nil {
		return usageError{inCommands(root, err), root.Name()}
	}
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		withoutMarkup(root)
	}
	root.SetArgs(keepOperands(args))
	c, err := root.ExecuteContextC(ctx)
	if err != nil {
		return usageError{err, c.CommandPath()}
	}
	return nil
}

// usageError is an error with the command whose help says more.
type usageError struct {
	error
	command string
}

func (u usageError) Unwrap() error { return u.error }

// errFailed says that the program failed while running. Why was printed when it
// happened.
var errFailed = daemon.ErrFailed

// errReported says that the configuration is bad, and that its mistakes were printed.
var errReported = errors.New("bad configuration")

// status prints an error that ended the program and returns the exit status.
func (a *app) status(err error) int {
	var mistakes config.Mistakes
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.Is(err, errReported):
		return exitUsage
	case errors.As(err, &mistakes):
		a.say(diagnose.Text(mistakes, isTerminal(a.Stderr)))
		return exitUsage
	case isWriteError(err):
		a.complain(err)
		return exitFailed
	}
	command := a.Name
	if u, ok := errors.AsType[usageError](err); ok {
		command = u.command
	}
	a.complain(err)
	a.say(fmt.Sprintf("Try '%s --help' for more information.", command))
	return exitUsage
}

// hanging is the indent of what is broken off a line that is longer than the terminal is wide.
const hanging = 2

// say prints lines about what is done.
func (a *app) say(text string) {
	fmt.Fprintln(columns.Folded(a.Stderr, hanging), text)
}

// complain says what went wrong.
func (a *app) complain(err error) { a.say(fmt.Sprintf("%s: %v", a.Name, err)) }

// isWriteError reports whether an error is of a file that could not be written, such as
// standard output: nothing was wrong with what was asked for.
func isWriteError(err error) bool {
	path, ok := errors.AsType[*fs.PathError](err)
	return ok && path.Op == "write"
}

// checkPlugins finds plugins that could not be told apart.
func checkPlugins(plugins []pipeline.Plugin) error {
	type name struct {
		kind pipeline.Kind
		typ  string
	}
	seen := map[name]bool{}
	for _, p := range plugins {
		n := name{p.Kind, p.Type}
		if seen[n] {
			return fmt.Errorf("the program has two plugins for the %v %s", p.Kind, p.Type)
		}
		seen[n] = true
	}
	return nil
}

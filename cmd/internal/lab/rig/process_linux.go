package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// How long a program may take until it is ready, until it ends, and until it has
// printed its goroutines, which it is asked for when it does not end.
const (
	startTimeout = 15 * time.Second
	stopTimeout  = 30 * time.Second
	dumpTimeout  = time.Second
)

// Process is a program that runs in a namespace. It does not outlive its parent.
type Process struct {
	*os.Process
	Stderr Output

	name  string
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of the end
}

// Options say how a program starts. The zero value is good for most.
type Options struct {
	// Ready is part of the line of standard error that says that the program is
	// ready. [Process.WaitReady] needs it.
	Ready string
	// Around, if not nil, calls start on the thread that the program inherits from:
	// after it was pinned to a CPU, for example.
	Around func(start func() error) error
}

// Start starts a program in a namespace. The name is for messages. Its standard error
// is collected.
func Start(ns *netns.NS, name string, cmd *exec.Cmd, o Options) (*Process, error) {
	p := &Process{name: name, cmd: cmd, ended: make(chan struct{})}
	p.Stderr.await(o.Ready)
	cmd.Stderr = &p.Stderr
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	cmd.WaitDelay = stopTimeout // for readers of its output that hang
	started := make(chan error)
	go func() {
		defer close(p.ended)
		p.err = ns.Do(func() error { return p.run(o.Around, started) })
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.Process = cmd.Process
	return p, nil
}

// run runs the program until it ends. It keeps the thread as long, since the program
// dies with it (Pdeathsig), and gives it up then.
func (p *Process) run(around func(func() error) error, started chan<- error) error {
	runtime.LockOSThread()
	start := p.cmd.Start
	if around != nil {
		start = func() error { return around(p.cmd.Start) }
	}
	err := start()
	started <- err
	if err != nil {
		return err
	}
	return p.cmd.Wait()
}

// WaitReady waits until the program says that it is ready.
func (p *Process) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	select {
	case <-p.Stderr.ready:
		return nil
	case <-p.ended:
		err = fmt.Errorf("ended: %v", p.cmd.ProcessState)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return fmt.Errorf("wait until %s is ready: %w; it said: %s", p.name, err, &p.Stderr)
}

// Stop sends a signal and waits until the program has ended. Its error says what went
// wrong and what the program said. One that does not end is killed.
func (p *Process) Stop(signal os.Signal) error {
	if err := p.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	late := time.AfterFunc(stopTimeout, func() { _ = p.Signal(unix.SIGQUIT) })
	defer late.Stop()
	select {
	case <-p.ended:
	case <-time.After(stopTimeout + dumpTimeout):
		p.Kill()
	}
	if p.err != nil {
		return fmt.Errorf("stop %s: %w: %s", p.name, p.err, strings.TrimSpace(p.Stderr.String()))
	}
	return nil
}

// Kill ends the program at once, if it still runs.
func (p *Process) Kill() {
	_ = p.Process.Kill() // it may have ended by itself
	<-p.ended
}

// ExitStatus returns the exit status of a program that has ended, -1 when a signal
// ended it.
func (p *Process) ExitStatus() int { return p.cmd.ProcessState.ExitCode() }

// CPUTime returns the CPU time, user and system, that all threads of the program have
// used, to the nanosecond (clock_getcpuclockid(3)).
func (p *Process) CPUTime() (time.Duration, error) {
	const perProcess = 2 // CPUCLOCK_SCHED
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^p.Pid<<3|perProcess), &t); err != nil {
		return 0, fmt.Errorf("read CPU time of %s: %w", p.name, err)
	}
	return time.Duration(t.Nano()), nil
}

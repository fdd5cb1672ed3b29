package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a daemon may take to say that it is ready, and to end.
const (
	startTimeout = 15 * time.Second
	stopTimeout  = 5 * time.Second
)

// Exit is how a daemon ended.
type Exit struct {
	// Server is the name of the server that it ran on.
	Server string
	// Status is the exit status, -1 when a signal ended it.
	Status int
	// Stdout and Stderr are all that it said.
	Stdout, Stderr string
}

// daemon is a running pmtud.
type daemon struct {
	server         string
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{}
}

// startDaemons starts pmtud on every server and returns when each is ready. On
// error, those that started are returned too.
func (n *Network) startDaemons(ctx context.Context) ([]*daemon, error) {
	if !n.Config.withPmtud() {
		return nil, nil
	}
	var daemons []*daemon
	for _, s := range n.Servers {
		arguments, err := n.arguments(s)
		if err != nil {
			return daemons, err
		}
		d, err := startDaemon(s, n.Config.Pmtud, arguments)
		if err != nil {
			return daemons, err
		}
		daemons = append(daemons, d)
	}
	for _, d := range daemons {
		if err := d.waitReady(ctx); err != nil {
			return daemons, err
		}
	}
	return daemons, nil
}

// arguments returns pmtud's command line on a server. A configuration is written to a file.
func (n *Network) arguments(s *Server) ([]string, error) {
	if n.Config.Configuration == nil {
		return n.Config.Arguments(n, s), nil
	}
	text, err := n.Config.Configuration(n, s)
	if err != nil {
		return nil, fmt.Errorf("configure pmtud on %s: %w", s.Name, err)
	}
	path := filepath.Join(n.dir, s.Name+".yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("configure pmtud on %s: %w", s.Name, err)
	}
	return []string{"run", "-c", path}, nil
}

func startDaemon(s *Server, path string, arguments []string) (*daemon, error) {
	d := &daemon{server: s.Name, cmd: exec.Command(path, arguments...), ended: make(chan struct{})}
	d.stderr.ready = make(chan struct{})
	d.cmd.Stdout, d.cmd.Stderr = &d.stdout, &d.stderr
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	d.cmd.WaitDelay = stopTimeout
	if err := s.NS.Start(d.cmd); err != nil {
		return nil, fmt.Errorf("start pmtud on %s: %w", s.Name, err)
	}
	go func() {
		defer close(d.ended)
		_ = d.cmd.Wait() // stop reads the status from ProcessState
	}()
	return d, nil
}

// waitReady waits until the daemon has said so on standard error, which it does
// when its sockets are open.
func (d *daemon) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	select {
	case <-d.stderr.ready:
		return nil
	case <-d.ended:
		err = fmt.Errorf("ended: %v", d.cmd.ProcessState)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return fmt.Errorf("wait for pmtud on %s to be ready: %w; it said %q", d.server, err, d.stderr.String())
}

// stopDaemons ends all daemons with SIGTERM and tells how they went. A daemon
// that does not end is killed.
func stopDaemons(daemons []*daemon) []Exit {
	for _, d := range daemons {
		_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	}
	deadline, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var exits []Exit
	for _, d := range daemons {
		select {
		case <-d.ended:
		case <-deadline.Done():
			_ = d.cmd.Process.Kill()
			<-d.ended
		}
		exits = append(exits, Exit{d.server, d.cmd.ProcessState.ExitCode(), d.stdout.String(), d.stderr.String()})
	}
	return exits
}

// check returns an error unless the daemon ended in order.
func (e Exit) check() error {
	if e.Status == 0 {
		return nil
	}
	return errors.New(strings.TrimSpace(fmt.Sprintf("pmtud on %s ended with status %d: %s", e.Server, e.Status, e.Stderr)))
}

// output collects what a process writes, and closes ready, if it is not nil,
// after the first whole line with the word ready.
type output struct {
	mu    sync.Mutex
	said  bytes.Buffer
	ready chan struct{}
	seen  bool
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said.Write(p)
	if o.ready != nil && !o.seen && saysReady(o.said.String()) {
		o.seen = true
		close(o.ready)
	}
	return len(p), nil
}

func saysReady(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasSuffix(line, "\n") && strings.Contains(line, "ready") {
			return true
		}
	}
	return false
}

// String returns what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
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
	*rig.Process
	server string
	stdout *rig.Output
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
		if err := d.WaitReady(ctx); err != nil {
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
	d := &daemon{server: s.Name, stdout: new(rig.Output)}
	cmd := exec.Command(path, arguments...)
	cmd.Stdout = d.stdout
	var err error
	d.Process, err = rig.Start(s.NS, "pmtud on "+s.Name, cmd, rig.Options{Ready: "ready"})
	return d, err
}

// stopDaemons ends all daemons with SIGTERM and returns how they went.
func stopDaemons(daemons []*daemon) []Exit {
	exits := make([]Exit, len(daemons))
	var stopping sync.WaitGroup
	for i, d := range daemons {
		stopping.Go(func() {
			_ = d.Stop(syscall.SIGTERM) // its error is in the exit
			exits[i] = Exit{d.server, d.ExitStatus(), d.stdout.String(), d.Stderr.String()}
		})
	}
	stopping.Wait()
	return exits
}

// check returns an error unless the daemon ended in order.
func (e Exit) check() error {
	if e.Status == 0 {
		return nil
	}
	return errors.New(strings.TrimSpace(fmt.Sprintf("pmtud on %s ended with status %d: %s", e.Server, e.Status, e.Stderr)))
}

package natsserver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// marker is the environment variable with the path of the configuration in a process that is a
// server.
const marker = "PMTUD_TEST_NATS_SERVER"

// Main becomes a server and never returns if the process was started by a [Command]. Programs
// that use one call it first.
func Main() {
	if path := os.Getenv(marker); path != "" {
		os.Exit(serve(path, os.Stdin, os.Stdout))
	}
}

// Command returns a command for a server as a process of its own: the running program again.
func Command(config string) *exec.Cmd {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), marker+"="+config)
	c.Stderr = os.Stderr
	return c
}

// Process is a server that runs as a process of its own.
type Process struct {
	command *exec.Cmd
	stdin   io.Closer // when it is closed, as it is when this process ends, the server ends too
}

// Run starts a [Command] by means of start, such as [exec.Cmd.Start] or that of a network
// namespace, and waits until the server is ready.
func Run(c *exec.Cmd, start func(*exec.Cmd) error) (*Process, error) {
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start NATS server: %w", err)
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start NATS server: %w", err)
	}
	if err := start(c); err != nil {
		return nil, fmt.Errorf("start NATS server: %w", err)
	}
	p := &Process{c, stdin}
	if !bufio.NewScanner(out).Scan() {
		return nil, errors.Join(errors.New("start NATS server: it has ended"), p.Kill())
	}
	return p, nil
}

// Kill ends the server at once, as a loss of power would.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil {
		return fmt.Errorf("kill NATS server: %w", err)
	}
	_ = p.stdin.Close()
	_ = p.command.Wait() // it was killed
	return nil
}

// StartProcess runs a server in a process of its own until the test ends. The test's TestMain
// calls [Main].
func StartProcess(tb testing.TB, config string) {
	tb.Helper()
	p, err := Run(Command(Write(tb, config)), (*exec.Cmd).Start)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Kill(); err != nil {
			tb.Error(err)
		}
	})
}

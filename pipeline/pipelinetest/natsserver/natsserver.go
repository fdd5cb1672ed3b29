// Package natsserver runs NATS servers for tests, and for programs that demonstrate something:
// in the process of a test, or as a process of its own in a network namespace. The product
// has no part in it.
package natsserver

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// timeout is how long a server may take to listen.
const timeout = 15 * time.Second

// Start runs a server in this process until the test ends. The configuration is one of
// nats-server; without a port it listens on 4222.
func Start(tb testing.TB, config string) *server.Server {
	tb.Helper()
	s, err := run(Write(tb, config))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { Stop(s) })
	return s
}

// Write writes a configuration to a file and returns its path.
func Write(tb testing.TB, config string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "nats.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Stop ends a server and waits for it.
func Stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// serve runs a server as this process until in ends, and writes a line to out when it is ready.
// It returns an exit status.
func serve(path string, in io.Reader, out io.Writer) int {
	s, err := run(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(out, "ready")
	_, _ = io.Copy(io.Discard, in)
	Stop(s)
	return 0
}

func run(path string) (*server.Server, error) {
	options, err := server.ProcessConfigFile(path)
	if err != nil {
		return nil, fmt.Errorf("configure NATS server: %w", err)
	}
	options.NoSigs = true
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("start NATS server: %w", err)
	}
	if options.LogFile != "" || options.Debug {
		s.ConfigureLogger()
	}
	s.Start()
	if !s.ReadyForConnections(timeout) {
		Stop(s)
		return nil, fmt.Errorf("start NATS server: it does not listen after %v", timeout)
	}
	return s, nil
}

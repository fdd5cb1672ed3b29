package monitor_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// timeout bounds everything that a test waits for.
const timeout = 40 * time.Second

// lan is a host with the interface eth0, on which the program runs, and the wire that
// it hangs on.
type lan struct{ host, wire *netns.NS }

func newLAN(t *testing.T) *lan {
	t.Helper()
	l := &lan{netns.NewTest(t, "host"), netns.NewTest(t, "wire")}
	for _, ns := range []*netns.NS{l.host, l.wire} {
		must(t, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	}
	l.connect(t)
	return l
}

// connect lays the cable, again after eth0 was deleted.
func (l *lan) connect(t *testing.T) {
	t.Helper()
	must(t, netns.Veth(l.host, "eth0", l.wire, "eth0"))
}

// sender returns what sends messages to the host.
func (l *lan) sender(t *testing.T, frames int) *flood.Sender {
	t.Helper()
	ifi, err := l.host.Interface("eth0")
	must(t, err)
	var s *flood.Sender
	all := make([][]byte, frames)
	for i := range all {
		all[i] = pipelinetest.PTB{DstMAC: [6]byte(ifi.HardwareAddr)}.Frame()
	}
	must(t, l.wire.Do(func() (err error) {
		s, err = flood.Open("eth0", all)
		return err
	}))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// daemon is a running program.
type daemon struct {
	*exec.Cmd
	log    *log
	client http.Client
}

const served = "http: {listen: \"127.0.0.1:9342\"}\n"

// start runs a configuration with a server on port 9342 until the test ends, and
// returns when it is ready.
func start(t *testing.T, ns *netns.NS, config string) *daemon {
	t.Helper()
	return startAsIs(t, ns, served+config)
}

// startAsIs runs a configuration that has a server on port 9342.
func startAsIs(t *testing.T, ns *netns.NS, config string) *daemon {
	t.Helper()
	d := command(t, config)
	must(t, ns.Start(d.Cmd))
	d.client = http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer(ns)}}
	t.Cleanup(func() {
		must(t, d.Process.Signal(syscall.SIGTERM))
		_ = d.Wait() // its status is not what these tests are about
		if t.Failed() {
			t.Log(d.log.String())
		}
	})
	eventually(t, "the program is ready", func() bool { return strings.Contains(d.log.String(), "msg=ready") })
	return d
}

func command(t *testing.T, config string) *daemon {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pmtud.yaml")
	must(t, os.WriteFile(path, []byte(config), 0o600))
	d := &daemon{Cmd: exec.Command(*program, "run", "-c", path), log: new(log)}
	d.Stderr = d.log
	d.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	d.WaitDelay = timeout
	return d
}

// dialer dials in a namespace.
func dialer(ns *netns.NS) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
		err = ns.Do(func() (err error) {
			conn, err = new(net.Dialer).DialContext(ctx, network, addr)
			return err
		})
		return conn, err
	}
}

func (d *daemon) get(t *testing.T, path string) response {
	t.Helper()
	answer, err := d.client.Get("http://127.0.0.1:9342" + path)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return response{answer.StatusCode, string(body)}
}

// awaitReady waits until /readyz has this answer.
func (d *daemon) awaitReady(t *testing.T, want response) {
	t.Helper()
	var got response
	for begin := time.Now(); got != want; time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > timeout {
			t.Fatalf("/readyz says %d:\n%swant %d:\n%s", got.Status, got.Body, want.Status, want.Body)
		}
		got = d.get(t, "/readyz")
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > timeout {
			t.Fatalf("not after %v: %s", timeout, what)
		}
	}
}

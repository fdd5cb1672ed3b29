package control_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("CONTROL_DIAL"); path != "" {
		conn, err := net.Dial("unix", path)
		if err != nil {
			os.Stdout.WriteString(err.Error())
			os.Exit(1)
		}
		conn.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var discard = slog.New(slog.DiscardHandler)

// serve serves a daemon without pipelines at a path until the test ends.
func serve(t *testing.T, path string) *control.Server {
	t.Helper()
	s, err := control.Listen(path, discard)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(control.Handler(control.Daemon{Version: "1", Status: func() service.Status { return service.Status{} }, Live: live.New(discard)}))
	t.Cleanup(func() { s.Close() })
	return s
}

// ask asks for the status.
func ask(path string) error {
	c := control.NewClient(path)
	c.Timeout = 10 * time.Second
	answer, err := c.Get("http://pmtud/api/status")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var s control.Status
	return json.NewDecoder(answer.Body).Decode(&s)
}

func mustAsk(t *testing.T, path string) {
	t.Helper()
	if err := ask(path); err != nil {
		t.Error(err)
	}
}

func TestListenMakesFolderAndSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "p.sock")
	before := unix.Umask(0)
	defer unix.Umask(before)
	s := serve(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("socket is %v, %v", info.Mode(), err)
	}
	if now := unix.Umask(0); now != 0 {
		t.Errorf("umask is %o afterwards", now)
	}
	mustAsk(t, path)
	s.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("socket is still there after Close")
	}
}

// TestListenReplaces has a dead daemon's socket in the way.
func TestListenReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	serve(t, path)
	mustAsk(t, path)
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "p.sock")
	serve(t, path)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, want string }{
		"one that lives": {path, "another program listens"},
		"a file":         {file, "is not a socket"},
		"no folder":      {filepath.Join(file, "a"), "not a directory"},
		"too long":       {filepath.Join(dir, strings.Repeat("x", 200)), "invalid argument"},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := control.Listen(tc.path, discard); err == nil || !strings.Contains(err.Error(), tc.want) {
				if err == nil {
					s.Close()
				}
				t.Errorf("error is %v, want %q", err, tc.want)
			}
		})
	}
	mustAsk(t, path) // the one that lives still does
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("file holds %q, %v", text, err)
	}
}

// TestTwoAtOnce starts many daemons on one stale socket. One gets it.
func TestTwoAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	const daemons = 20
	made := make(chan *control.Server, daemons)
	for range daemons {
		go func() {
			s, err := control.Listen(path, discard)
			if err != nil {
				s = nil
			}
			made <- s
		}()
	}
	n := 0
	for range daemons {
		if s := <-made; s != nil {
			n++
			defer s.Close()
		}
	}
	if n != 1 {
		t.Errorf("%d daemons have the socket", n)
	}
}

// TestOtherUser wants the kernel to refuse who is neither root nor of the group.
func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	dir, err := os.MkdirTemp("", "control")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "test")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "p.sock")
	serve(t, path)
	for name, tc := range map[string]struct {
		gid  uint32
		want string
	}{"group": {0, ""}, "other": {65534, "permission denied"}} {
		t.Run(name, func(t *testing.T) {
			c := exec.Command(program)
			c.Env = append(os.Environ(), "CONTROL_DIAL="+path)
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: tc.gid, NoSetGroups: false}}
			out, err := c.Output()
			if (err != nil) != (tc.want != "") || !strings.Contains(string(out), tc.want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestConnectionsAreBounded opens a thousand connections that say nothing.
func TestConnectionsAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.sock")
	serve(t, path)
	before := descriptors(t)
	var open []net.Conn
	for range 1000 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
	}
	mustAsk(t, path)
	// The test's own ends of the connections are the process's, too.
	if n := descriptors(t) - before - len(open); n > 100 {
		t.Errorf("the server has %d descriptors for %d connections", n, len(open))
	}
	for _, c := range open {
		c.Close()
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestMistakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.sock")
	serve(t, path)
	for query, want := range map[string]string{
		"top?n=0":                   `n: "0" is not a number from 1 to 100`,
		"top?n=x":                   `n: "x" is not a number from 1 to 100`,
		"tap?verdict=maybe":         `verdict: "maybe" is neither forward nor drop`,
		"tap?router=nowhere":        `router: "nowhere" is neither an address nor a prefix`,
		"tap?client=fe80::1%25eth0": `client: "fe80::1%eth0" is neither an address nor a prefix`,
		"tap?mtu=1400..1280":        `mtu: "1400..1280" is neither an MTU nor a range such as 1280..1400`,
		"tap?mtu=-1":                `mtu: "-1" is neither an MTU`,
		"tap?rate=fast":             `rate: "fast" is not a number of packets per second`,
		"tap?expr=mtx":              "expr: column 1, at `mtx`: unknown field mtx",
		"tap?colour=red":            `unknown parameter "colour"`,
	} {
		answer, err := control.NewClient(path).Get("http://pmtud/api/" + query)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusBadRequest || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: %d %q, %v; want %q", query, answer.StatusCode, body, err, want)
		}
	}
}

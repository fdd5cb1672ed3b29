package systemd_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/systemd"
)

// manager is the service manager's end of the socket.
func manager(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return conn
}

func read(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	text := make([]byte, 4096)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := conn.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(text[:n])
}

func open(t *testing.T) *systemd.Notifier {
	t.Helper()
	n, err := systemd.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestSend(t *testing.T) {
	for kind, name := range map[string]string{
		"path":     filepath.Join(t.TempDir(), "notify"),
		"abstract": fmt.Sprintf("@pmtud-test-%d", os.Getpid()),
	} {
		t.Run(kind, func(t *testing.T) {
			conn := manager(t, name)
			n := open(t)
			for _, tt := range []struct {
				states []systemd.State
				want   string
			}{
				{[]systemd.State{systemd.Ready, systemd.Status("two\npipelines\trun")}, "READY=1\nSTATUS=two pipelines run"},
				{[]systemd.State{systemd.Watchdog}, "WATCHDOG=1"},
				{[]systemd.State{systemd.Extend(1500 * time.Millisecond)}, "EXTEND_TIMEOUT_USEC=1500000"},
				{[]systemd.State{systemd.Stopping}, "STOPPING=1"},
			} {
				if err := n.Send(tt.states...); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, read(t, conn)); diff != "" {
					t.Errorf("message (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestReloading wants the time stamp to be one of the clock that the service manager
// compares it with.
func TestReloading(t *testing.T) {
	conn := manager(t, filepath.Join(t.TempDir(), "notify"))
	n := open(t)
	before := monotonic(t)
	if err := n.Send(systemd.Reloading()); err != nil {
		t.Fatal(err)
	}
	after := monotonic(t)
	text, ok := strings.CutPrefix(read(t, conn), "RELOADING=1\nMONOTONIC_USEC=")
	usec, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || usec < before || usec > after {
		t.Errorf("time stamp %q is not between %d and %d", text, before, after)
	}
}

func monotonic(t *testing.T) (usec int64) {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano() / 1000
}

func TestWithoutManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n := open(t)
	if n != nil {
		t.Errorf("notifier %v", n)
	}
	if err := n.Send(systemd.Ready); err != nil || n.Watchdog() != 0 {
		t.Errorf("send: %v, watchdog %v", err, n.Watchdog())
	}
}

func TestManagerThatIsGone(t *testing.T) {
	conn := manager(t, filepath.Join(t.TempDir(), "notify"))
	n := open(t)
	conn.Close()
	if err := n.Send(systemd.Ready); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v", err)
	}
}

// TestManagerThatDoesNotRead wants messages to fail, not to wait for ever.
func TestManagerThatDoesNotRead(t *testing.T) {
	manager(t, filepath.Join(t.TempDir(), "notify"))
	n := open(t)
	for range 100_000 {
		if err := n.Send(systemd.Watchdog); err != nil {
			if !os.IsTimeout(err) && !strings.Contains(err.Error(), "timeout") {
				t.Errorf("error %v", err)
			}
			return
		}
	}
	t.Error("socket never gets full")
}

func TestWatchdog(t *testing.T) {
	own := strconv.Itoa(os.Getpid())
	tests := map[string]struct {
		usec, pid string
		want      time.Duration
		err       string
	}{
		"none":         {"", "", 0, ""},
		"ours":         {"1500000", own, 1500 * time.Millisecond, ""},
		"anybody's":    {"1500000", "", 1500 * time.Millisecond, ""},
		"another's":    {"1500000", own + "0", 0, ""},
		"no number":    {"1s", own, 0, `WATCHDOG_USEC="1s" is not a number of microseconds`},
		"zero":         {"0", own, 0, `WATCHDOG_USEC="0" is not`},
		"out of range": {"9223372036854775807", own, 0, "WATCHDOG_USEC="},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			manager(t, filepath.Join(t.TempDir(), "notify"))
			t.Setenv("WATCHDOG_USEC", tt.usec)
			t.Setenv("WATCHDOG_PID", tt.pid)
			n, err := systemd.FromEnvironment()
			if err == nil && tt.err != "" || err != nil && (tt.err == "" || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			defer n.Close()
			if got := n.Watchdog(); got != tt.want {
				t.Errorf("watchdog %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNoSuchSocket(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "notify"))
	if n, err := systemd.FromEnvironment(); err == nil {
		t.Errorf("notifier %v without a socket", n)
	}
}

package cmd_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// recorded serves what a daemon once answered to `pmtud top --once --format json`.
func recorded(t *testing.T) (path string) {
	t.Helper()
	var frame struct{ Status, Top json.RawMessage }
	if err := json.Unmarshal([]byte(readFile(t, "testdata/top/frame.json")), &frame); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) { w.Write(frame.Status) })
	mux.HandleFunc("GET /api/top", func(w http.ResponseWriter, _ *http.Request) { w.Write(frame.Top) })
	path = filepath.Join(t.TempDir(), "pmtud.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	ended := make(chan error)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-ended })
	return path
}

// tmux is a terminal that can be looked at.
type tmux struct {
	t      *testing.T
	server string
}

func newTmux(t *testing.T, command ...string) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("needs tmux")
	}
	x := &tmux{t, filepath.Join(t.TempDir(), "tmux")}
	args := []string{"-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "--"}
	c := x.command(append(args, command...)...)
	c.Env = append(os.Environ(), "TZ=UTC", "TERM=xterm", "LC_ALL=C.UTF-8")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = x.command("kill-server").Run() })
	return x
}

func (x *tmux) command(args ...string) *exec.Cmd {
	return exec.Command("tmux", append([]string{"-u", "-S", x.server}, args...)...)
}

func (x *tmux) do(args ...string) string {
	x.t.Helper()
	out, err := x.command(args...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// shows waits until the terminal shows a text in its line number row, from 0, and returns
// the whole of it.
func (x *tmux) shows(row int, text string) string {
	x.t.Helper()
	var screen string
	for begin := time.Now(); time.Since(begin) < deadline; time.Sleep(20 * time.Millisecond) {
		screen = x.do("capture-pane", "-p")
		if lines := strings.Split(screen, "\n"); len(lines) > row && strings.Contains(lines[row], text) {
			return screen
		}
	}
	x.t.Fatalf("line %d does not show %q:\n%s", row, text, screen)
	return ""
}

// TestTopInTerminal looks at top in a terminal, resizes that and presses keys.
func TestTopInTerminal(t *testing.T) {
	x := newTmux(t, program, "top", "--control", recorded(t))
	goldentest.Compare(t, "testdata/top/80x24.golden", x.shows(23, "q quit"))
	x.do("resize-window", "-x", "200", "-y", "50")
	goldentest.Compare(t, "testdata/top/200x50.golden", x.shows(49, "q quit"))
	x.do("resize-window", "-x", "80", "-y", "24")
	x.shows(23, "q quit")
	x.do("send-keys", "h")
	goldentest.Compare(t, "testdata/top/help.golden", x.shows(2, "q, Ctrl-C"))
	x.do("send-keys", "h", "2")
	goldentest.Compare(t, "testdata/top/clients.golden", x.shows(10, "2 clients  "))
	x.do("send-keys", "Tab")
	x.shows(1, "pipeline 2 of 2, other: running")
	x.do("send-keys", "Space")
	x.shows(0, "paused")
	x.do("send-keys", "q")
	for begin := time.Now(); x.command("has-session").Run() == nil; time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > deadline {
			t.Fatal("q does not quit")
		}
	}
}

// TestTopInSmallTerminal wants no more lines and columns than there are.
func TestTopInSmallTerminal(t *testing.T) {
	x := newTmux(t, program, "top", "--control", recorded(t))
	x.do("resize-window", "-x", "50", "-y", "14")
	screen := x.shows(13, "q quit")
	if !strings.Contains(strings.Split(screen, "\n")[0], "ready") {
		t.Errorf("the first line has gone:\n%s", screen)
	}
}

func TestTopWithoutTerminal(t *testing.T) {
	path := recorded(t)
	got := run(t, "top", "--control", path)
	if got.status != 2 || !strings.Contains(got.stderr, "top needs a terminal; use --once") {
		t.Errorf("exit status %d:\n%s", got.status, got.stderr)
	}
	got = run(t, "top", "--once", "--control", path)
	if got.status != 0 || !strings.Contains(got.stdout, "port-list: port-not-listed") || strings.Contains(got.stdout, "quit") {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	got = run(t, "top", "--once", "--format", "json", "--control", path)
	if want := readFile(t, "testdata/top/frame.json"); got.stdout != want {
		t.Errorf("not what the daemon answered:\n%s", got.stdout)
	}
}

func TestStatus(t *testing.T) {
	path := recorded(t)
	t.Setenv("TZ", "UTC")
	got := run(t, "status", "--control", path)
	if got.status != 0 {
		t.Errorf("exit status %d:\n%s", got.status, got.stderr)
	}
	goldentest.Compare(t, "testdata/top/status.golden", got.stdout)
	for _, args := range [][]string{{"status"}, {"top", "--once"}, {"tap"}} {
		got = run(t, append(args, "--control", filepath.Join(t.TempDir(), "nobody"))...)
		if got.status != 1 || !strings.Contains(got.stderr, "no daemon is running, or its socket is elsewhere") {
			t.Errorf("%v without a daemon: exit status %d:\n%s", args, got.status, got.stderr)
		}
	}
}

// TestTapOfNothing asks for what the daemon does not have.
func TestTapOfNothing(t *testing.T) {
	path := recorded(t)
	for want, args := range map[string][]string{
		`--pipeline: unknown pipeline "egde"; did you mean edge?`:            {"--pipeline", "egde"},
		`--stage: unknown stage "port-lits"; did you mean port-list?`:        {"--stage", "port-lits"},
		`--reason: unknown reason "rate-limted"; did you mean rate-limited?`: {"--reason", "rate-limted"},
	} {
		got := run(t, append([]string{"tap", "--control", path}, args...)...)
		if got.status != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%v: exit status %d:\n%s", args, got.status, got.stderr)
		}
	}
}

func TestTapMistakes(t *testing.T) {
	for want, args := range map[string][]string{
		"--drop and --forward can't be used together": {"--drop", "--forward"},
		`--router: "x" is neither an address nor a`:   {"--router", "x"},
		`--mtu: "9..1" is neither an MTU nor a range`: {"--mtu", "9..1"},
		"--expr: column 1":                            {"--expr", "mtx"},
		"--rate: -1 is not a number":                  {"--rate", "-1"},
	} {
		got := run(t, append([]string{"tap"}, args...)...)
		if got.status != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%v: exit status %d:\n%s", args, got.status, got.stderr)
		}
	}
}
